// Keeps the case of the address on a page that stands where the board would. The case is behind "#", which neither a form
// nor a link to the page itself passes on.
for (const form of document.forms) form.action += location.hash;
for (const link of document.querySelectorAll("a[href='']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
}
