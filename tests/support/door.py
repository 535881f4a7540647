"""The gate page as the person at the door uses it."""

from uuid import UUID

from playwright.sync_api import Locator, expect

from tests.support.desk import Desk


class Door:
    """One tablet at one door."""

    def __init__(self, desk: Desk, site_id: UUID) -> None:
        self.desk, self.page, self.site_id = desk, desk.page, site_id
        self.address = f"/console/sites/{site_id}/gate"
        self.visit()

    def visit(self) -> None:
        """Open the page and wait until it would go on without a network."""
        self.desk.visit(self.address)
        self.wait_until_kept()

    def wait_until_kept(self) -> None:
        expect(self.page.locator("#main")).to_have_attribute("data-ready", "yes")
        expect(self.page.locator("#package")).to_contain_text("断网可用")

    def type(self, code: str) -> None:
        """What a scanner does: it types where the focus is, and ends with Enter."""
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def admit(self, code: str) -> None:
        """Scan and confirm by keyboard alone."""
        self.type(code)
        expect(self.page.locator("#confirm")).to_be_focused()
        self.desk.press("Enter")

    @property
    def answer(self) -> Locator:
        return self.page.locator("#answer")

    @property
    def told(self) -> Locator:
        """What a screen reader says at once."""
        return self.page.locator("#told")

    @property
    def line(self) -> Locator:
        return self.page.locator("#line")

    @property
    def queue(self) -> Locator:
        return self.page.locator("#queue")
