// For pages that stand where the board would: keeps the case of the address, which is behind "#". A form, and a link to the
// page itself, would leave it out.
for (const form of document.forms) form.action += location.hash;
for (const link of document.querySelectorAll("a[href='']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
}
