// Further questions below one of several radio buttons: out of the way until that one is chosen, unless something is
// written there. (govuk-frontend does this too, but puts an attribute on the button that ARIA does not allow there.)

export function askMore(button) {
  const more = document.getElementById(button.dataset.more);

  function show() {
    const written = [...more.querySelectorAll("input[type=text], textarea")].some((field) => field.value.trim());
    more.hidden = !button.checked && !written;
  }

  button.form.addEventListener("change", show);
  window.addEventListener("pageshow", show); // a browser that goes back fills the form by itself
  show();
}
