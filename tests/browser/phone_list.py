"""Ten thousand phones in a real browser, in the hosted box's namespace of a lab: what an operator does there. Run by test_phone_list.sh, which
made them. One line a check, as the labs print them."""
import json
import os
import time
import urllib.request

from selenium.webdriver.common.keys import Keys

from browser import Browser, Checks

BASE, OUT, PHONES = "http://127.0.0.1:8079/", os.environ["BROWSER_OUT"], int(os.environ["PHONES"])
PASSWORD, READER = os.environ["PAGE_PASSWORD"], os.environ["READER_PASSWORD"]
MOST_ROWS = 60  # in the document at a time, whatever the list has
checks = Checks()
check, step = checks.check, checks.step


def api(path):
    with urllib.request.urlopen(BASE + path, timeout=30) as answer:
        return answer.read().decode()


def list_api(query):
    return json.loads(api("api/phones?" + query))


def pages_have_each_once():
    """By the cursor, in each order."""
    for sort in ("name", "state", "-address", "seen"):
        keys, cursor = [], ""
        while True:
            page = list_api(f"limit=3000&sort={sort}" + (f"&cursor={cursor}" if cursor else ""))
            keys += [phone["key"] for phone in page["phones"]]
            cursor = page["next"]
            if not cursor:
                break
        assert len(keys) == PHONES and len(set(keys)) == PHONES, (sort, len(keys), len(set(keys)))


def groups_are_what_their_links_show():
    for group in list_api("limit=0")["groups"]:
        found = list_api(f"limit=all&cause={group['code']}")
        assert found["matching"] == group["phones"] == len(found["phones"]), group


def exports_are_whole():
    assert len(list_api("limit=all")["phones"]) == PHONES
    rows = api("api/phones?format=csv").splitlines()
    assert len(rows) == PHONES + 1 and rows[0].startswith("name,mac,address"), (len(rows), rows[0])
    assert len(api("api/phones?format=csv&model=7965&network=10.0.0.0/24").splitlines()) == 43


def rows_now(page):
    return page.run("return document.querySelectorAll('#rows tr').length")


def first_rows(page):
    """From the begin of loading the page until rows are drawn; and what the answer with the first 100 takes."""
    page.open("home")
    page.until("rows", "return document.querySelectorAll('#rows tr').length > 5")
    drawn = page.run("""const entry = performance.getEntriesByType('resource').find((e) => e.name.includes('/api/phones?limit=100'));
        return [entry.responseEnd - entry.requestStart, window.first_rows]""")
    times = []
    for _ in range(20):
        began = time.monotonic()
        assert len(list_api("limit=100")["phones"]) == 100
        times.append((time.monotonic() - began) * 1000)
    print(f"MEASURED the answer with the first 100 of {PHONES} rows: median {sorted(times)[10]:.0f} ms, worst {max(times):.0f} ms; in the page {drawn[0]:.0f} ms, "
          f"drawn {drawn[1]:.0f} ms after the page began to load", flush=True)


def scroll_to(page, where):
    page.run("window.scrollTo(0, arguments[0] * document.documentElement.scrollHeight)", where)
    page.until("the rows that are there", """const box = [...document.querySelectorAll('#rows tr')].map((r) => r.getBoundingClientRect());
        return box.length > 0 && box[0].top < innerHeight - 100 && box.at(-1).bottom > Math.min(200, innerHeight / 2) && due.size === 0 && !looking""")


def rows_out_of_view_are_not_there(page):
    seen = set()
    for where in (0, 0.3, 0.6, 1, 0.1):
        scroll_to(page, where)
        count = rows_now(page)
        assert 0 < count <= MOST_ROWS, f"{count} rows at {where}"
        seen.add(page.run("return document.querySelector('#rows tr').dataset.key"))
    assert len(seen) == 5, seen
    page.run("window.scrollTo(0, document.documentElement.scrollHeight)")
    page.until("the last row", "return [...document.querySelectorAll('#rows tr')].at(-1)?.getAttribute('aria-rowindex') === String(arguments[0] + 1)", PHONES)
    assert page.run("return document.getElementById('list').getAttribute('aria-rowcount')") == str(PHONES + 1)
    page.run("window.scrollTo(0, 0)")


def memory_is_bounded(page):
    def heap():
        page.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        return page.run("return performance.memory.usedJSHeapSize") / 1e6
    before = heap()
    for turn in range(3):
        for part in range(20):
            page.run("window.scrollTo(0, arguments[0] * document.documentElement.scrollHeight)", part / 20)
            page.until("drawn", "return due.size === 0 && !looking")
    after = heap()
    print(f"MEASURED memory of the tab's scripts: {before:.1f} MB, after 60 jumps through the list {after:.1f} MB", flush=True)
    nodes = page.run("return document.getElementsByTagName('*').length")
    assert nodes < 2500, f"{nodes} elements"
    assert after < before + 10, (before, after)


def state_is_in_the_address(page):
    page.open("home?state=failed&model=7965&sort=name")
    page.until("the filter", "return document.getElementById('with-state').value === 'failed' && document.getElementById('sort').value === 'name'")
    wanted = list_api("limit=0&state=failed&model=7965")["matching"]
    page.until("its count", "return document.getElementById('count').textContent === arguments[0]", f"{wanted} of {PHONES}")
    page.run("const model = document.getElementById('with-model'); model.value = '7945'; model.dispatchEvent(new Event('input', { bubbles: true }))")
    page.until("the address follows", "return location.hash === '#home?state=failed&model=7945&sort=name' || location.hash === '#home?state=failed&sort=name&model=7945' || location.hash.includes('model=7945')")
    page.click("#rows tr a")
    page.until("the phone", "return location.hash.startsWith('#phone/')")
    page.driver.back()
    page.until("the same list again", "return document.getElementById('with-model').value === '7945' && location.hash.includes('state=failed') && document.querySelectorAll('#rows tr').length > 0")


def a_cause_is_a_link(page):
    page.open("home")
    page.until("the groups", "return document.querySelectorAll('#groups a').length > 1")
    words = page.run("return [...document.querySelectorAll('#groups a')].map((a) => a.textContent)")
    assert any(w.startswith("38 phones: ") for w in words), words
    page.run("[...document.querySelectorAll('#groups a')].find((a) => a.textContent.startsWith('38 phones: ')).click()")
    page.until("38 of them", "return document.getElementById('count').textContent === arguments[0]", f"38 of {PHONES}")
    assert "cause=" in page.run("return location.hash")


def by_keyboard(page):
    """Tab goes on through rows that were not there when it began."""
    page.open("home")
    page.until("rows", "return document.querySelectorAll('#rows tr').length > 5")
    page.run("document.querySelector('#rows a').focus()")
    reached = set()
    for _ in range(60):
        at = page.run("const row = document.activeElement?.closest('#rows tr'); return row && [row.getAttribute('aria-rowindex'), row.getBoundingClientRect().top < innerHeight]")
        assert at and at[1], f"the focus left the rows after {len(reached)}"
        reached.add(int(at[0]))
        page.press(Keys.TAB)
        page.until("drawn", "return drawing === null && due.size === 0")
    assert sorted(reached) == list(range(2, 62)), sorted(reached)


def login(page, password, account):
    page.open("login")
    page.until("the form", "return document.getElementById('login').checkVisibility() && document.getElementById('login-as').checkVisibility()")
    page.run("document.getElementById('login-as').value = arguments[0]", account)
    page.type("#password", password)
    page.press(Keys.ENTER)
    page.until("logged in", "return session.logged_in")


def reader_only_reads(page):
    login(page, READER, "reader")
    page.go("home")
    page.until("rows", "return document.querySelectorAll('#rows tr').length > 5")
    assert not page.run("return document.getElementById('bulk').checkVisibility()"), "the reader is offered to act"
    refused = page.run("""const done = await fetch('/api/operations?action=forget&state=failed', { method: 'POST', headers: { 'X-CSRF-Token': session.csrf } });
        return [done.status, (await done.json()).error]""")
    assert refused[0] == 403 and "only reads" in refused[1], refused
    page.go("phone/" + list_api("limit=1")["phones"][0]["key"])
    page.until_text("This account only reads", "actions")
    page.go("login")
    page.click("#logout")
    page.until("logged out", "return !session.logged_in")


def many_are_forgotten(page):
    """Asked before, with the number; only those that were counted; seen as it goes on."""
    login(page, PASSWORD, "operator")
    page.open("home?cause=" + next(g["code"] for g in list_api("limit=0")["groups"] if g["phones"] == 38))
    page.until("the offer", "return !!document.querySelector('[data-bulk=forget]')")
    page.click("#bulk-buttons summary")
    page.click("[data-bulk=forget]")
    page.until("the question, with the focus on No", "return !!document.querySelector('[data-begin]') && document.activeElement.dataset.drop === 'forget'")
    assert "38 phones" in page.text("bulk-sure"), page.text("bulk-sure")
    for width, scheme in [(1280, "light"), (390, "dark")]:
        page.look(width, scheme)
        page.screenshot(f"many-question-{width}-{scheme}", whole=False)
    page.look(1280, "light")
    page.press(Keys.ENTER)
    page.until("the question is gone", "return document.getElementById('bulk-sure').hidden")
    assert list_api("limit=0")["total"] == PHONES, "something was done although nobody said yes"
    page.click("[data-bulk=forget]")
    page.click("[data-begin]")
    page.until_text("of 38 phones", "bulk-progress")
    page.screenshot("many-running-1280-light", whole=False)
    page.until_text("finished: 38 done", "bulk-progress", seconds=40)
    assert list_api("limit=0")["total"] == PHONES - 38


def stopped_midway(page):
    page.open("home?q=10.0.3.")
    page.until("the offer", "return !!document.querySelector('[data-bulk=forget]')")
    total = list_api("limit=0")["total"]
    page.click("#bulk-buttons summary")
    page.click("[data-bulk=forget]")
    page.click("[data-begin]")
    page.until("some are done", "return operation?.done > 2")
    page.click("[data-stop]")
    page.until_text("stopped", "bulk-progress")
    left = list_api("limit=0")["total"]
    assert total - 100 < left < total, (total, left)
    time_of_stop = left
    page.until("a second look", "return operation?.state === 'stopped'")
    assert list_api("limit=0")["total"] == time_of_stop, "it went on after the stop"


def looks(page):
    for width, scheme in [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"), (320, "light")]:
        page.look(width, scheme)
        page.open("home")
        page.until("rows", "return document.querySelectorAll('#rows tr').length > 3 && document.querySelectorAll('#groups a').length > 1")
        wrong = page.accessibility()
        page.screenshot(f"many-{width}-{scheme}", whole=False)
        page.run("document.getElementById('h-phones').scrollIntoView()")
        page.until("drawn", "return drawing === null && due.size === 0 && !looking")
        page.screenshot(f"many-list-{width}-{scheme}", whole=False)
        page.run("document.getElementById('more-filters').open = true; document.getElementById('h-phones').scrollIntoView()")
        wrong += page.accessibility()
        page.screenshot(f"many-filters-{width}-{scheme}", whole=False)
        check(f"accessible at {width} px, {scheme}, with ten thousand phones", not wrong, "\n  ".join([""] + wrong[:12]))
    page.look(1280, "light")


def main():
    os.makedirs(OUT, exist_ok=True)
    step("the cursor leads through all phones, each once, in each order", pages_have_each_once)
    step("a group has as many phones as its link shows", groups_are_what_their_links_show)
    step("exports are whole", exports_are_whole)
    page = Browser(BASE, OUT)
    try:
        page.look(1280, "light")
        page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": """addEventListener('DOMContentLoaded', () => {
            const rows = document.getElementById('rows');
            if (rows) new MutationObserver((_, o) => { window.first_rows = performance.now(); o.disconnect(); }).observe(rows, { childList: true }); })"""})
        step("the first rows come", lambda: first_rows(page))
        step("rows out of view are not in the document", lambda: rows_out_of_view_are_not_there(page))
        step("the memory of the tab is bounded", lambda: memory_is_bounded(page))
        step("what is looked for is in the address, and back leads to it", lambda: state_is_in_the_address(page))
        step("phones of one cause are one link", lambda: a_cause_is_a_link(page))
        step("by keyboard through rows that come as it goes", lambda: by_keyboard(page))
        looks(page)
        step("a reader sees all, and is offered nothing that changes something", lambda: reader_only_reads(page))
        step("38 phones are counted, asked about and forgotten at a pace", lambda: many_are_forgotten(page))
        step("what was begun for 250 is stopped", lambda: stopped_midway(page))
        said = [line for line in page.console() if "status of 403" not in line]
        check("the console has no error", not said, said)
        elsewhere = page.requests_elsewhere()
        check(f"nothing was asked of anybody else ({len(page.requests)} requests)", page.requests and not elsewhere, elsewhere[:5])
    finally:
        page.close()
    checks.end()


if __name__ == "__main__":
    main()
