"""Somebody who builds a rule in the studio: with the mouse, or with nothing but keys."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from kohort.web.studio.builder.drafts import AGGREGATES, Card, Group, Step


def settled(page: Page) -> None:
    """Wait until nothing is being asked of the server."""
    expect(page.locator('rule-builder[aria-busy="false"]')).to_be_attached()


@dataclass
class Hand:
    """Somebody who builds: chooses in lists and writes in fields, with the mouse or with nothing but keys."""

    page: Page
    keys: bool

    def choose(self, control: Locator, value: str) -> None:
        """Choose an option of a list."""
        if control.input_value() == value:
            return
        if not self.keys:
            control.select_option(value)
            self.settle()
            return
        control.focus()
        options = control.locator("option").evaluate_all("all => all.map(one => one.value)")
        there, here = options.index(value), options.index(control.input_value())
        # Typing the first letters would choose too; arrows are what always works.
        for _ in range(abs(there - here)):
            handle = control.element_handle()
            self.page.keyboard.press("ArrowDown" if there > here else "ArrowUp")
            if handle is not None and not handle.evaluate("one => one.isConnected"):
                self.settle()
                control.focus()
        self.settle()

    def write(self, control: Locator, text: str) -> None:
        """Write into a field, and leave it."""
        if not self.keys:
            control.fill(text)
            control.blur()
        elif control.get_attribute("type") == "date":
            control.fill(text)
        else:
            control.focus()
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(text)
            self.page.keyboard.press("Tab")
        self.settle()

    def press(self, button: Locator) -> None:
        """Press a button."""
        if self.keys:
            button.focus()
            self.page.keyboard.press("Enter")
        else:
            button.click()
        self.settle()

    def tick(self, box: Locator) -> None:
        """Tick a box."""
        if self.keys:
            box.focus()
            self.page.keyboard.press("Space")
        else:
            box.check()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being asked of the server."""
        settled(self.page)


@dataclass
class Builder:
    """Builds a draft, control by control, as a person would."""

    page: Page
    hand: Hand

    def at(self, path: str, name: str) -> Locator:
        return self.page.locator(f'[id="f-{path}-{name}"]')

    def group(self, group: Group, path: str) -> None:
        for number, one in enumerate(group.cards):
            its = f"{path}.{number}" if path else str(number)
            assert isinstance(one, Card)
            if self.page.locator(f'[data-path="{its}"][data-card]').count() == 0:
                self.hand.press(self.page.locator(f'[id="b-{path}-add"]'))
            self.card(one, its)

    def card(self, card: Card, path: str) -> None:
        self.hand.choose(self.page.locator(f'[id="f-{path}-kind"]'), card.kind)
        if card.negated:
            self.hand.tick(self.page.locator(f'[id="f-{path}-negated"]'))
        if card.kind == "sequence":
            for number, step in enumerate(card.steps):
                self.step(step, f"{path}.steps.{number}")
            return
        names = ["event", "property"] if card.kind in {*AGGREGATES, "did", "since_first", "since_last"} else []
        for name in [*names, "trait", "segment", "purpose", "point", "property", "window", "test", "as"]:
            self.field(card.fields, path, name)
        for name in card.fields:
            self.field(card.fields, path, name)
        if card.where is not None:
            self.hand.press(self.page.locator(f'button[data-do="where"][data-path="{path}"]'))
            self.group(card.where, f"{path}.where")

    def step(self, step: Step, path: str) -> None:
        if step.negated:
            self.hand.tick(self.page.locator(f'[id="f-{path}-negated"]'))
        for name in step.fields:
            self.field(step.fields, path, name)

    def field(self, fields: Any, path: str, name: str) -> None:
        control = self.at(path, name)
        if name not in fields or control.count() == 0 or control.input_value() == fields[name]:
            return
        if control.evaluate("one => one.tagName") == "SELECT":
            self.hand.choose(control, fields[name])
        else:
            self.hand.write(control, fields[name])


def says(page: Page, sentence: str) -> None:
    expect(page.locator("#sentence")).to_have_value(sentence)


def counts(page: Page, people: str) -> None:
    expect(page.locator("#outcome .size strong")).to_have_text(people)
