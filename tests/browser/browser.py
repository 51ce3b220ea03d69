"""A headless Chromium, and what a test asks of it. Every wait has an end, and waits for something to be so."""
import base64
import json
import os
import subprocess
import sys
import tempfile
import traceback
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
         "--no-default-browser-check", "--disable-dev-shm-usage", "--lang=en-GB"]


class Checks:
    """One line a check, as the labs print them."""

    def __init__(self):
        self.failed = []

    def check(self, what, good, seen=""):
        print(("PASS " if good else "FAIL ") + what + ("" if good else f": {seen}"), flush=True)
        if not good:
            self.failed.append(what)

    def step(self, what, act):
        """One check that is an action: it fails with what the action says."""
        try:
            act()
            self.check(what, True)
        except Exception as problem:  # whatever it was, the others are tried all the same
            self.check(what, False, f"{type(problem).__name__}: " + str(problem).split("Stacktrace")[0][:1200])
            if not isinstance(problem, AssertionError):
                traceback.print_exc(limit=-2)

    def end(self):
        sys.exit(1 if self.failed else 0)


def in_lab(host, *command):
    """Starts a program in a host of the lab that made us."""
    log = open(os.path.join(os.environ["LAB_DIR"], f"browser-{host}.log"), "a", encoding="utf-8")
    return subprocess.Popen(["ip", "netns", "exec", f"{os.environ['LAB_PREFIX']}-{host}", *command], stdout=log, stderr=log)


class Browser:
    def __init__(self, base, out):
        self.base, self.out = base, out
        self.requests = []
        self.profile = tempfile.TemporaryDirectory(prefix="dropwire-chromium-")
        options = webdriver.ChromeOptions()
        for flag in FLAGS + ["--user-data-dir=" + self.profile.name]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(30)

    def close(self):
        self.driver.quit()
        self.profile.cleanup()

    def look(self, width, scheme, height=900):
        """The screen from now on: CSS pixels, "light" or "dark"."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})

    def open(self, fragment="home"):
        """Reloads the page."""
        self.driver.get("about:blank")
        self.driver.get(self.base + "#" + fragment)

    def go(self, fragment):
        """To another view, as a link does it: without loading the page again."""
        self.run("location.hash = arguments[0]", "#" + fragment)
        view = fragment.split("/")[0]
        self.until(f"the view {view}", "return !document.getElementById('view-' + arguments[0]).hidden", view)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, what, script, *arguments, seconds=20):
        """Until the script's answer is true; gives it."""
        try:
            return WebDriverWait(self.driver, seconds, poll_frequency=0.1).until(lambda d: d.execute_script(script, *arguments))
        except TimeoutException:
            raise AssertionError(f"did not come within {seconds} s: {what}\n{self.text()[:1500]}") from None

    def until_text(self, words, id="main", seconds=20):
        self.until(f'"{words}" in #{id}', "return document.getElementById(arguments[0]).innerText.includes(arguments[1])",
                   id, words, seconds=seconds)

    def text(self, id="main"):
        return self.run("return document.getElementById(arguments[0])?.innerText || ''", id)

    def click(self, selector, seconds=20):
        """Where it is redrawn meanwhile, the new one."""
        def once(driver):
            try:
                node = driver.find_element(By.CSS_SELECTOR, selector)
                driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", node)
                node.click()
                return True
            except (StaleElementReferenceException, JavascriptException):
                return False
        WebDriverWait(self.driver, seconds, poll_frequency=0.1).until(once)

    def type(self, selector, words):
        node = self.driver.find_element(By.CSS_SELECTOR, selector)
        node.clear()
        node.send_keys(words)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def screenshot(self, name, whole=True):
        """The whole page as it is, below `out`."""
        path = name if os.path.isabs(name) else os.path.join(self.out, name + ".png")
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
        with open(path, "wb") as file:
            file.write(base64.b64decode(taken["data"]))
        return path

    def accessibility(self):
        with open(os.path.join(HERE, "accessibility.js"), encoding="utf-8") as file:
            return self.run(file.read())

    def console(self):
        """What the console said since the last time, warnings and worse."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests_elsewhere(self):
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                params = message["params"]
                self.requests.append(params["request"]["url"] if "request" in params else params["url"])
        own = urllib.parse.urlsplit(self.base).netloc
        return [url for url in self.requests
                if urllib.parse.urlsplit(url).scheme not in ("data", "about", "blob", "chrome", "devtools", "file")
                and urllib.parse.urlsplit(url).netloc != own]
