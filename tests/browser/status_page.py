"""The status page in a real browser, in the edge's namespace of a lab: what a customer sees while phones boot, call and fail,
and what an operator does there. Run by test_status_page.sh, which made the lab. One line a check, as the labs print them."""
import os
import urllib.error
import urllib.parse
import urllib.request

from selenium.webdriver.common.keys import Keys

from browser import Browser, Checks, HERE, in_lab

LAB_DIR, TOOLS = os.environ["LAB_DIR"], os.environ["DW_LAB_TOOLS"]
BASE, OUT = "http://127.0.0.1:8079/", os.environ["BROWSER_OUT"]
EDGE, PASSWORD = os.environ["EDGE"], os.environ["PAGE_PASSWORD"]
PHONE, LOCKED = "SEP001122337965", "SEP001122337941"
SCREENS = [(320, "light"), (320, "dark"), (768, "light"), (768, "dark"), (1280, "light"), (1280, "dark")]

checks = Checks()
check, step = checks.check, checks.step


def boots(model, mac, host="home-phone"):
    out = os.path.join(LAB_DIR, "files-of-" + model)
    os.makedirs(out, exist_ok=True)
    return in_lab(host, os.path.join(TOOLS, "lab_phone"), "boot", model, EDGE, mac, out)


def calls_and_waits_for_reset():
    return in_lab("home-phone", os.path.join(TOOLS, "lab_sccp_phone"), "--server", EDGE + ":2000", "--device", PHONE, "--for", "100", "--do",
                  "register; wait registered 20; dial 600; wait media 15; expect-rtp 100 20; wait reset 80")


def row(key):
    return f"#rows tr[data-key='{key}']"


def row_says(page, key, words, seconds=20):
    page.until(f"{key} with \"{words}\" in the list",
               "const row = document.querySelector(arguments[0]); return row && row.innerText.includes(arguments[1])", row(key), words, seconds=seconds)


def self_check(page):
    """The checks of accessibility find what is wrong in a page that is."""
    page.driver.get("file://" + os.path.join(HERE, "broken.html"))
    rules = {line.split(":")[0] for line in page.accessibility()}
    wanted = {"lang", "title", "duplicate-id", "wider-than-screen", "broken-reference", "landmark", "unnamed-landmark", "outside-landmarks", "one-h1",
              "heading-order", "unnamed-control", "tabindex-above-zero", "small-target", "no-autocomplete", "unnamed-image", "table-headers",
              "table-row-header", "crushed-row-header", "cut-placeholder", "list-child", "contrast", "edge-contrast"}
    check("the checks of accessibility find what is wrong", wanted <= rules, sorted(wanted - rules))


def connect(page):
    page.until_text("No phone has asked for a file or registered yet", seconds=30)
    page.go("connect")
    page.until_text(EDGE, "addresses")
    page.until_text("Set TFTP Server 1 to " + EDGE, "families")
    page.run("document.getElementById('model').value = '7960'; document.getElementById('model').dispatchEvent(new Event('change'))")
    page.until_text("Unlock Config", "families")
    page.go("home")


def boot_is_seen(page):
    mark = page.run("return document.mark = 'this page was not loaded again'")
    phone = boots("7965", PHONE[3:])
    row_says(page, PHONE, "7945/7965")
    page.go("phone/" + PHONE)
    page.until_text("SEP001122337965.cnf.xml", "steps", seconds=30)
    page.until_text("Firmware", "steps", seconds=30)
    assert phone.wait(30) == 0, "the phone did not boot"
    page.until_text("SCCP45.9-4-2SR3-1S", "facts")
    assert page.run("return document.mark") == mark, "the page was loaded again"
    assert page.text("feed") == "live", page.text("feed")


def call_is_seen(page):
    page.go("home")
    row_says(page, PHONE, "Registered", seconds=30)
    page.until_text("600", "talks", seconds=30)
    page.until("the figures of both directions", "return document.querySelectorAll('#talks .lane .plot').length === 4")
    page.until("three samples of jitter", "return [...document.querySelectorAll('#talks .jitter')].some((p) => (p.getAttribute('d').match(/L/g) || []).length >= 2)")
    page.until_text("sounds good", "talks")


def late_page_has_history(page):
    page.open("phone/" + PHONE)
    page.until("the plots of a call that was up before", "return [...document.querySelectorAll('#phone-talks .jitter')].some((p) => (p.getAttribute('d').match(/L/g) || []).length >= 2)")


def locked_phone_is_shown(page):
    page.go("home")
    row_says(page, LOCKED, "Needs attention", seconds=60)
    page.until_text("1 phone needs attention", "attention")
    page.click("#to-needing")
    page.until("the locked phone alone", f"return document.querySelectorAll('#rows tr').length === 1 && !!document.querySelector(\"{row(LOCKED)}\")")
    page.click(row(LOCKED) + " a")
    page.until_text("trust list", "findings")
    page.until_text("Erase it. On most models", "findings")
    keys = page.run("return [...document.querySelectorAll('#findings kbd')].map((k) => k.textContent).join('')")
    assert "**#" in keys, "no keys to press: " + keys


def finds_phones(page):
    page.go("home")
    page.run("document.getElementById('show').value = ''; document.getElementById('show').dispatchEvent(new Event('change'))")
    page.type("#find", "337965")
    page.until("one row", f"return document.querySelectorAll('#rows tr').length === 1 && !!document.querySelector(\"{row(PHONE)}\")")
    page.type("#find", "nobody")
    page.until("no row, and a word about it", "return document.querySelectorAll('#rows tr').length === 0 && !document.getElementById('none').hidden")
    page.until_text("No phone matches", "none")
    page.type("#find", " ")
    row_says(page, PHONE, PHONE)
    row_says(page, LOCKED, LOCKED)


def files_are_listed(page):
    page.go("files")
    page.until_text("SEP001122337965.cnf.xml", "cached")
    page.until_text("SEP001122337941.cnf.xml.sgn", "missing")


def hostile_names_are_text(page):
    """What a stranger calls a file, or itself, is shown as it is and never becomes a part of the page."""
    name = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>.xml"
    path = "/" + urllib.parse.quote(name)
    agent = "<script>document.title='owned'</script>"
    assert in_lab("home-phone", "curl", "-s", "-A", agent, "-o", "/dev/null", f"http://{EDGE}:6970{path}").wait(20) == 0
    page.go("files")
    page.until_text("onerror=", "missing")
    found = page.run("""const cell = [...document.querySelectorAll('#missing th')].find((c) => c.textContent.includes('onerror='));
        return [cell.querySelectorAll('img, b, script').length, document.querySelectorAll('main img, main b').length, document.title]""")
    assert found[:2] == [0, 0] and "owned" not in found[2], found
    page.go("home")
    page.run("location.hash = '#phone/' + encodeURIComponent('<img src=x onerror=1>')")
    page.until("its name as it is, and that there is none",
               "return document.getElementById('h-phone').textContent === '<img src=x onerror=1>' && !document.getElementById('phone-gone').hidden")
    assert page.run("return document.querySelectorAll('main img').length") == 0


def walk(page, start):
    """Tab through the view: what is reached, in order, each with a visible focus."""
    page.go(start)
    page.run("window.scrollTo(0, 0); document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    reached = []
    for _ in range(120):
        page.press(Keys.TAB)
        got = page.run("""const n = document.activeElement; if (!n || n === document.body) return null;
            const s = getComputedStyle(n), box = n.getBoundingClientRect();
            (window.walked ??= new Set()).add(n.tagName + n.id + (n.href || '') + n.textContent.trim());  // a row may be redrawn meanwhile
            return [n.tagName + '#' + n.id + ' ' + (n.textContent || '').trim().slice(0, 30), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,
                    box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth]""")
        if got is None or (reached and got[0] == reached[0][0]):
            break
        reached.append(got)
    left = page.run("""const kept = [...document.querySelectorAll('a[href], button, input, select, summary')]
        .filter((n) => n.checkVisibility() && !window.walked?.has(n.tagName + n.id + (n.href || '') + n.textContent.trim()) && n.tabIndex >= 0 && !n.disabled)
        .map((n) => n.outerHTML.slice(0, 80));
        window.walked = undefined; return kept""")
    check(f"{start.split('/')[0]}: every control is reached by Tab", reached and not left, [left, [r[0] for r in reached]])
    check(f"{start.split('/')[0]}: the focus is seen everywhere", all(r[1] and r[2] for r in reached), [r for r in reached if not (r[1] and r[2])])


def by_keyboard_alone(page):
    page.go("connect")
    page.go("home")
    page.run(f"document.querySelector(\"{row(PHONE)} a\").focus()")
    page.press(Keys.ENTER)
    page.until("the phone's view with the focus on its heading", "return location.hash.startsWith('#phone/') && document.activeElement.id === 'h-phone'")
    page.run("document.querySelector('.back a').focus()")
    page.press(Keys.ENTER)
    page.until("the list again", "return !document.getElementById('view-home').hidden && document.activeElement.id === 'h-attention'")
    page.open("home")
    page.until_text(PHONE, "rows")
    page.press(Keys.TAB)
    page.press(Keys.ENTER)
    page.until("the skip link leads to the content", "return document.activeElement.id === 'main'")


def all_screens(page, views):
    for width, scheme in SCREENS:
        page.look(width, scheme)
        wrong = []
        for view in views:
            page.go(view)
            page.until("all is drawn", "return due.size === 0 && !looking", seconds=20)
            name = view.split("/")[0]
            wrong += [f"{name}: {line}" for line in page.accessibility()]
            page.screenshot(f"{name}-{width}-{scheme}")
        check(f"accessible at {width} px, {scheme}", not wrong, "\n  ".join([""] + wrong[:12]))
    page.look(1280, "light")


def login(page):
    page.go("phone/" + PHONE)
    page.until_text("Log in", "actions")
    page.click("#actions a")
    page.until("the form", "return !document.getElementById('login').hidden")
    page.type("#password", "not the password")
    page.press(Keys.ENTER)
    page.until_text("That is not the password", "login-error")
    page.type("#password", PASSWORD)
    page.press(Keys.ENTER)
    page.until("back at the phone, logged in", "return !document.getElementById('view-phone').hidden && session.logged_in")


def restart(page, phone):
    page.click("[data-act=restart]")
    page.until("the question, with the focus on No", "return !document.getElementById('sure').hidden && document.activeElement.dataset.no === 'restart'")
    page.press(Keys.ENTER)
    page.until("the question is gone", "return document.getElementById('sure').hidden")
    assert phone.poll() is None, "the phone was restarted although nobody said yes"
    page.click("[data-act=restart]")
    page.click("[data-yes=restart]")
    page.until_text("was not done", "done")  # a call is up
    page.click("[data-yes=restart][data-force]")
    assert phone.wait(30) == 0, "the phone did not see a reset"
    page.until("the answer in words", "return document.getElementById('done').className === 'note' && document.getElementById('done').innerText !== ''")


def messages_are_watched(page):
    """Since before the restart."""
    page.until_text("SCCP Reset", "trace")
    for width, scheme in [(320, "dark"), (1280, "light")]:
        page.look(width, scheme)
        wrong = page.accessibility()
        page.screenshot(f"trace-{width}-{scheme}")
        assert not wrong, wrong
    page.click("#trace-stop")
    page.until_text("Stopped", "trace-state")
    assert page.run("return document.getElementById('trace-save').checkVisibility()"), "what was said can't be saved"
    page.go("home")
    page.go("phone/" + PHONE)
    assert page.run("return document.getElementById('phone-trace').hidden"), "it is shown for who comes back"


def logout(page):
    page.go("login")
    page.click("#logout")
    page.until("logged out", "return !session.logged_in")
    page.go("phone/" + PHONE)
    page.until_text("Log in", "actions")


def same_twice(page):
    """Two entries that are the same in all are two, however often they are drawn."""
    drawn = page.run("""const place = document.createElement('ul'), draw = (items) => sync('twice', items, (x) => x, (x) => el('li', {}, x));
        place.id = 'twice';
        document.body.append(place);
        const seen = [["a", "a", "b"], ["a", "a", "b"], ["a", "c"], []].map((items) => { draw(items); return place.innerText.replace(/\\s+/g, ""); });
        place.remove();
        return seen""")
    assert drawn == ["aab", "aab", "ac", ""], drawn


def list_stands_still(page):
    """Rows that would change places stay while one has the focus, and do so when none has it any more."""
    order = page.run("""const place = document.createElement('ul'), draw = (items) => sync('still', items, (x) => x, (x) => el('li', {}, el('a', { href: '#' }, x)));
        const order = () => place.innerText.replace(/\\s+/g, "");
        place.id = 'still';
        document.body.append(place);
        draw(["a", "b", "c"]);
        place.children[1].firstChild.focus();
        draw(["c", "b", "a", "d"]);
        const held = order() + document.activeElement.textContent;
        document.activeElement.blur();
        draw(["c", "b", "a", "d"]);
        const moved = order();
        place.remove();
        return [held, moved]""")
    assert order == ["adbcb", "cbad"], order  # a new one comes behind the one that it follows


def many_tabs(page):
    """A browser opens six connections to a host: tabs that nobody looks at must not hold them."""
    first = page.driver.current_window_handle
    for number in range(8):
        page.driver.switch_to.new_window("tab")
        page.driver.get(page.base + "#home")
        row_says(page, PHONE, PHONE, seconds=20)
        page.until(f"tab {number} is live", "return document.getElementById('feed').textContent === 'live'")
    for handle in page.driver.window_handles:
        if handle != first:
            page.driver.switch_to.window(handle)
            page.driver.close()
    page.driver.switch_to.window(first)
    page.until("the first tab is live again", "return !document.hidden && document.getElementById('feed').textContent === 'live'")


def daemon_goes_and_comes(page):
    """test_status_page.sh reads what is to happen now."""
    page.go("home")
    print("NOW stop", flush=True)
    page.until_text("No answer from Dropwire", "lost", seconds=30)
    print("NOW start", flush=True)
    page.until("the page is live again", "return document.getElementById('lost').hidden && document.getElementById('feed').textContent === 'live'", seconds=40)
    row_says(page, PHONE, PHONE)


def phone_is_admitted(page):
    """test_status_page.sh starts it with access.provisioning.phones = "known"."""
    stranger = "SEP001122330099"
    page.go("home")
    print("NOW known", flush=True)
    page.until_text("only where it is admitted", "admission", seconds=40)
    assert not page.run("return document.querySelector('[data-admission]')"), "a button for who is not logged in"
    try:
        urllib.request.urlopen(f"http://127.0.0.1:6970/{stranger}.cnf.xml", timeout=20)
        raise AssertionError("a phone that is not admitted got a file")
    except urllib.error.HTTPError as refused:
        assert refused.code == 404, refused.code
    page.go("login")
    page.type("#password", PASSWORD)
    page.press(Keys.ENTER)
    page.until("logged in", "return session.logged_in")
    page.go("phone/" + stranger)
    page.until_text("was not admitted", "findings")
    page.click("[data-admit]")
    page.until_text("gets its files within", "done")
    page.go("home")
    page.click("[data-admission=open]")
    page.until_text("Every phone that asks is admitted until", "admission")
    page.click("[data-admission=close]")
    page.until_text("only where it is admitted", "admission")


def main():
    os.makedirs(OUT, exist_ok=True)
    page = Browser(BASE, OUT)
    try:
        self_check(page)
        page.look(1280, "light")
        page.open("home")
        step("nothing is known yet, and the page says how to connect a phone of each model", lambda: connect(page))
        locked = boots("7941", LOCKED[3:], "home-locked")
        step("a phone that boots is seen live, without loading the page again", lambda: boot_is_seen(page))
        phone = calls_and_waits_for_reset()
        step("its call is seen live, with the quality of both directions", lambda: call_is_seen(page))
        step("a page that is opened late shows how the call was until now", lambda: late_page_has_history(page))
        step("cached files, and files that were requested in vain", lambda: files_are_listed(page))
        step("what strangers call their files and themselves is text", lambda: hostile_names_are_text(page))
        step("login, with a wrong password first", lambda: login(page))
        all_screens(page, ["home", "phone/" + PHONE, "phone/" + LOCKED, "connect", "files", "box", "login"])
        if os.environ.get("DW_SCREENSHOT"):
            page.go("home")
            page.until_text("1 phone needs attention", "attention", seconds=60)
            page.look(1280, "light", 1296)
            page.screenshot(os.environ["DW_SCREENSHOT"], whole=False)
            page.look(1280, "light")
        page.go("phone/" + PHONE)
        page.click("[data-trace]")
        step("a restart is asked again, refused during a call, insisted on, and seen by the phone", lambda: restart(page, phone))
        step("what a phone and this box say is watched as it happens", lambda: messages_are_watched(page))
        step("logout", lambda: logout(page))
        locked.wait(30)
        step("a phone with an old trust list is found, with the keys to press on its model", lambda: locked_phone_is_shown(page))
        step("one phone is found among all", lambda: finds_phones(page))
        for view in ("home", "phone/" + LOCKED, "connect", "login"):
            walk(page, view)
        step("by keyboard alone", lambda: by_keyboard_alone(page))
        step("two entries that are the same are two", lambda: same_twice(page))
        step("a list stands still under the focus", lambda: list_stands_still(page))
        step("eight tabs of one browser are live, each when it is looked at", lambda: many_tabs(page))
        expected = ("/api/login", "/restart", "/api/phones/%3Cimg")
        said = [line for line in page.console() if not ("Failed to load resource" in line and any(e in line for e in expected))]
        check("the console has no error", not [s for s in said if "broken.html" not in s], said)
        step("Dropwire is stopped and comes back", lambda: daemon_goes_and_comes(page))
        step("a phone that is not admitted is shown, and admitted with a button", lambda: phone_is_admitted(page))
        elsewhere = page.requests_elsewhere()
        check(f"nothing was asked of anybody else ({len(page.requests)} requests)", page.requests and not elsewhere, elsewhere[:5])
    finally:
        page.close()
    checks.end()


if __name__ == "__main__":
    main()
