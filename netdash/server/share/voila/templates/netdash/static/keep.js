// Keeps the case of the address on a page that is shown in place of the board. The case is behind "#". Neither a form nor
// a link to the page itself passes that on.
for (const form of document.forms) form.action += location.hash;
for (const link of document.querySelectorAll("a[href='']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
}
