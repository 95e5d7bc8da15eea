"""Pages can be read and used by everyone: keyboard, screen reader, phone, light and dark."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Town, Visit, Visitor

OPEN = ("/", "/login", "/setup?token=x", "/invite?token=x", "/password?token=x", "/device", "/nowhere")
OWN = ("/account", "/account/keys", "/welcome", "/device", "/login?again=1&next=/account")
# what a page must not have, each with the elements at fault
CHECKS = """() => {
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const named = (field) => field.labels?.length || field.getAttribute("aria-label") || field.ariaHidden === "true";
  const all = (query) => [...document.querySelectorAll(query)];
  const faults = (name, found) => found.map((element) => `${name}: ${element.outerHTML.slice(0, 120)}`);
  const ids = all("[id]").map((element) => element.id);
  const levels = all("h1, h2, h3, h4").filter(visible).map((heading) => Number(heading.tagName[1]));
  return [
    ...faults("no label", all("input:not([type=hidden]), select, textarea").filter((field) => !named(field))),
    ...faults("no name", all("button, a").filter((element) => visible(element) && !element.textContent.trim())),
    ...faults("described by nothing", all("[aria-describedby]").filter((field) =>
      field.getAttribute("aria-describedby").split(" ").some((id) => !document.getElementById(id)))),
    ...faults("labelled by nothing", all("[aria-labelledby]").filter((part) =>
      !document.getElementById(part.getAttribute("aria-labelledby")))),
    ...ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `twice: ${id}`),
    ...(all("h1").length === 1 ? [] : ["not one h1"]),
    ...levels.filter((level, place) => place && level > levels[place - 1] + 1).map((level) => `skips to h${level}`),
    ...["header", "main", "footer"].filter((part) => all(part).length !== 1).map((part) => `not one ${part}`),
    ...(document.documentElement.lang ? [] : ["no language"]),
    ...(document.title ? [] : ["no title"]),
    ...(document.documentElement.scrollWidth > innerWidth ? ["wider than the screen"] : []),
    ...faults("too small to touch", all("button, select, input:not([type=hidden]):not(.unseen)").filter((element) =>
      visible(element) && element.getBoundingClientRect().height < (element.closest(".choice, nav") ? 18 : 24))),
  ];
}"""


def _faults(page: Page) -> Any:  # noqa: ANN401 - whatever the page says
    return page.evaluate(CHECKS)


def _stops(visitor: Visitor, most: int = 40) -> list[str]:
    """Press Tab from the top on, and return what has the focus each time; each must show that it has."""
    stops = []
    for _ in range(most):
        visitor.page.keyboard.press("Tab")
        name, ring = visitor.page.evaluate(
            """() => {
              const element = document.activeElement, style = getComputedStyle(element);
              const name = element.labels?.[0]?.textContent.trim() || element.textContent.trim();
              return [element === document.body ? "" : name, style.outlineStyle !== "none" && style.outlineWidth];
            }"""
        )
        if not name:
            break
        assert ring == "2px", name
        stops.append(name)
    return stops


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_every_page_is_sound_in_every_guise(town: Town, visit: Visit, locale: str, width: int, scheme: str) -> None:
    guise = {"viewport": {"width": width, "height": 780}, "locale": locale, "color_scheme": scheme}
    stranger, guest = visit(**guise), visit(**guise)
    town.enter(guest, f"{width}-{locale.lower()}-a-rather-long-name@example.com", "developer")
    found = {path: _faults(stranger.go(path)) for path in OPEN}
    found |= {f"own {path}": _faults(guest.go(path)) for path in OWN}
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_the_keyboard_goes_through_log_in_from_top_to_bottom(town: Town, visit: Visit) -> None:
    visitor = visit()
    page = visitor.go("/login")
    expect(page.locator("[name=email]")).to_be_focused()
    assert _stops(visitor) == ["Password", "Log in", "Use a passkey"], town
    page.focus("[name=email]")
    for name in ("Antechamber", "Skip to the content"):
        page.keyboard.press("Shift+Tab")
        expect(page.get_by_role("link", name=name)).to_be_focused()


def test_the_first_stop_leads_past_the_head(town: Town, visit: Visit) -> None:
    visitor = visit()
    town.enter(visitor, "tab@example.com")
    page = visitor.go("/account/keys")
    stops = _stops(visitor)
    assert stops[:5] == ["Skip to the content", "Antechamber", "Account", "API keys", "Log out"]
    assert stops[5:] == ["Name", "Workspace", "Lasts", "Only these models optional", "Make key"]
    page.goto("/account/keys")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_log_in_needs_no_mouse(town: Town, visit: Visit) -> None:
    visitor = visit()
    town.enter(visitor, "key@example.com")
    page = visitor.go("/account")
    page.get_by_role("button", name="Log out").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=email]")).to_be_focused()
    page.keyboard.type("key@example.com")
    page.keyboard.press("Enter")
    expect(page.locator("[name=password]")).to_be_focused()
    expect(page.locator("[name=password]")).to_have_accessible_description("Enter your password.")
    page.keyboard.type("correct horse battery staple")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{town.server.base_url}/account")


def test_an_error_is_told_with_its_field_and_has_the_focus(town: Town, visit: Visit) -> None:
    visitor = visit()
    town.enter(visitor, "err@example.com")
    page = visitor.go("/account/keys")
    page.fill("[name=models]", "sim-1")
    visitor.press("Make key", exact=True)
    name = page.locator("[name=name]")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description(
        "Give the key a name. What will use it, such as “laptop” or “nightly tests”."
    )
    expect(page.locator("[name=models]")).to_have_value("sim-1")
    assert _faults(page) == []


def test_colours_follow_the_system(town: Town, visit: Visit) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme).go("/login")
        grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert grounds == {"light": "rgb(246, 245, 241)", "dark": "rgb(19, 21, 25)"}, town
