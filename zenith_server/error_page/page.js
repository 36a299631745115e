(() => {
  const button = document.getElementById("copy");
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("text").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy as text"), 2000);
  });
})();
