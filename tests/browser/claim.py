"""A new box in a browser elsewhere in the home: claimed, given its telephone server, and followed up to the first call of the first
phone. Run by test_claim.sh, which made the lab. One line a check, as the labs print them."""
import os

from selenium.webdriver.common.keys import Keys

from browser import Browser, Checks, in_lab

LAB_DIR, TOOLS = os.environ["LAB_DIR"], os.environ["DW_LAB_TOOLS"]
EDGE, CENTRAL, CODE = os.environ["EDGE"], os.environ["CENTRAL"], os.environ["CODE"]
BASE, OUT = f"http://{EDGE}:8079/", os.environ["BROWSER_OUT"]
PHONE, PASSWORD, OTHER = "SEP001122337965", "correct horse battery", "another horse battery"
SCREENS = [(320, "light"), (320, "dark"), (1280, "light"), (1280, "dark")]

checks = Checks()
check, step = checks.check, checks.step


def screens(page, name):
    for width, scheme in SCREENS:
        page.look(width, scheme)
        wrong = page.accessibility()
        page.screenshot(f"{name}-{width}-{scheme}")
        check(f"{name}: accessible at {width} px, {scheme}", not wrong, "\n  ".join([""] + wrong[:12]))
    page.look(1280, "light")


def only_one_thing(page):
    page.until("the claim alone", "return !document.getElementById('view-claim').hidden")
    seen = page.run("return [...document.querySelectorAll('a, button, input')].filter((n) => n.checkVisibility() && n.id !== 'skip').map((n) => n.id || n.href)")
    assert seen == ["claim-code", "claim-central", "claim-try", "claim-password", "claim-again", "claim-done"], seen
    page.run("location.hash = '#box'")
    page.until("still the claim alone", "return !document.getElementById('view-claim').hidden && document.getElementById('view-box').hidden")


def fill(page, code, password, again, central=CENTRAL):
    for selector, words in (("#claim-code", code), ("#claim-central", central), ("#claim-password", password), ("#claim-again", again)):
        page.type(selector, words)


def wrong_ones(page):
    fill(page, "2222-2222", PASSWORD, PASSWORD)
    page.click("#claim-done")
    page.until_text("This is not the code of this box", "claim-error")
    fill(page, CODE, PASSWORD, "something else")
    page.click("#claim-done")
    page.until_text("The two passwords differ", "claim-error")
    fill(page, CODE, "short", "short")
    page.click("#claim-done")
    page.until_text("at least 8 characters", "claim-error")


def guesser(page):
    """Guesses from the browser's own address are put off, and after that time the right code counts."""
    fill(page, "2222-2222", PASSWORD, PASSWORD)
    for _ in range(3):
        page.click("#claim-done")
        page.until("an answer", "return !document.getElementById('claim-error').hidden && !document.getElementById('claim-done').disabled")
    page.until_text("Too many wrong codes", "claim-error")
    page.until("the time to wait is over", "return fetch('/api/claim/try', { method: 'POST', headers: { 'Content-Type': 'application/json' },"
               " body: JSON.stringify({ code: arguments[0], central: '127.0.0.1' }) }).then((r) => r.status !== 429)", CODE)


def server_is_tried(page):
    fill(page, CODE.lower(), PASSWORD, PASSWORD, f"http://{CENTRAL}:6970/")
    page.click("#claim-try")
    page.until_text("This server answers", "claim-reach", seconds=20)
    page.until_text("Calls by SCCP (TCP 2000): answers", "claim-reach")
    page.until_text("Calls by SIP (TCP 5060): refuses", "claim-reach")


def is_claimed(page):
    page.click("#claim-done")
    page.until("the view of the first phone", "return !document.getElementById('view-first').hidden && session.logged_in", seconds=30)
    page.until_text(EDGE, "first-addresses")
    page.until_text("Set TFTP Server 1 to " + EDGE, "first-steps")
    assert page.run("return !document.querySelector('nav').hidden"), "no way to the other views"


def first_phone(page):
    def seen(what):
        return os.path.join(LAB_DIR, "page-has-seen-" + what)

    os.makedirs(os.path.join(LAB_DIR, "got"), exist_ok=True)
    boot = in_lab("home-phone", os.path.join(TOOLS, "lab_phone"), "boot", "7965", EDGE, PHONE[3:], os.path.join(LAB_DIR, "got"))
    page.until_text(PHONE, "first-name", seconds=30)
    page.until("files are counted", r"return /\d+ of \d+/.test(document.getElementById('first-words').innerText)", seconds=30)
    assert boot.wait(40) == 0, "the phone did not boot"
    calls = in_lab("home-phone", os.path.join(TOOLS, "lab_sccp_phone"), "--server", EDGE + ":2000", "--device", PHONE, "--for", "120", "--do",
                   f"register; wait registered 20; wait-file {seen('registered')} 40; dial 600; wait media 15; expect-rtp 100 20; wait-file {seen('heard')} 50")
    page.until_text("Call a number now", "first-words", seconds=30)
    open(seen("registered"), "w", encoding="utf-8").close()
    page.until_text("Both sides heard each other", "first-words", seconds=40)
    open(seen("heard"), "w", encoding="utf-8").close()
    calls.wait(40)


def settings(page):
    page.go("settings")
    page.until("the server", "return document.getElementById('set-central').value === arguments[0]", CENTRAL)
    page.until_text("set on this page", "central-from")
    page.click("#set-router")
    page.until_text("Saved", "done")
    page.until("it waits for a restart", "return !document.getElementById('restart-line').hidden")
    page.until_text("set on this page", "router-from")
    page.type("#old-password", "not the password")
    page.type("#new-password", OTHER)
    page.type("#new-again", OTHER)
    page.press(Keys.ENTER)
    page.until_text("Wrong password", "password-error")
    page.type("#old-password", PASSWORD)
    page.press(Keys.ENTER)
    page.until_text("The password was changed", "done")


def login_again(page):
    """After a restart the page is still there, with the password that was chosen."""
    print("NOW restart", flush=True)
    page.until("logged out by the restart", "return fetch('/api/session').then((r) => r.json()).then((s) => s.password_set && !s.logged_in, () => false)", seconds=40)
    page.open("settings")
    page.until("the form", "return !document.getElementById('login').hidden", seconds=30)
    page.type("#password", OTHER)
    page.press(Keys.ENTER)
    page.until("logged in", "return session.logged_in")
    page.until("the router is not asked", "return !document.getElementById('set-router').checked && document.getElementById('restart-line').hidden")


def main():
    os.makedirs(OUT, exist_ok=True)
    page = Browser(BASE, OUT)
    try:
        page.look(1280, "light")
        page.open("home")
        step("an unclaimed box offers exactly one thing", lambda: only_one_thing(page))
        screens(page, "claim")
        step("a wrong code and poor passwords are reported", lambda: wrong_ones(page))
        step("who guesses waits", lambda: guesser(page))
        step("the telephone server is tried, typed as a URL", lambda: server_is_tried(page))
        step("with the code the box is taken", lambda: is_claimed(page))
        screens(page, "first")
        step("the first phone is followed up to its first call", lambda: first_phone(page))
        screens(page, "first-heard")
        step("settings are changed on the page", lambda: settings(page))
        screens(page, "settings")
        step("after a restart the password counts, and so does what was changed", lambda: login_again(page))
        # Chromium says of each page by plain HTTP that it takes no notice of Cross-Origin-Opener-Policy there.
        said = [line for line in page.console() if "Failed to load resource" not in line and "Cross-Origin-Opener-Policy header has been ignored" not in line]
        check("the console has no error", not said, said)
        elsewhere = page.requests_elsewhere()
        check(f"nothing was asked of anybody else ({len(page.requests)} requests)", page.requests and not elsewhere, elsewhere[:5])
    finally:
        page.close()
    checks.end()


if __name__ == "__main__":
    main()
