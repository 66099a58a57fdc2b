// A button beside each password that shows it. It is there with this script alone, and what is shown is hidden again before it is sent, so that
// browsers do not keep it among what was typed.
for (const field of document.querySelectorAll("input[data-show]")) {
  const button = document.createElement("button");
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  Object.assign(button, { type: "button", className: "link show", id: `show-${field.id}`, textContent: field.dataset.show });
  button.setAttribute("aria-label", field.dataset.name);
  // Nothing that is typed goes to a service that checks spelling.
  Object.assign(field, { spellcheck: false, autocapitalize: "none" });
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
  show(false);
  field.after(button);
}
