"""The HTML report in a real browser: no errors, and it does what its controls say."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator

import pytest
from browser.synthetic import report
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars"
    " --disable-background-networking --disable-component-update --disable-sync"
)
EVIL = ("</script><script>document.title='broken'</script>", "<i>&\"'", "n" * 200)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[WebDriver]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        message = "no Chromium with its driver (Debian: chromium, chromium-driver)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ARGUMENTS.split():
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(driver)
    with webdriver.Chrome(options=options, service=service) as started:
        yield started


@pytest.fixture
def page(browser, tmp_path):
    """Open the page of a report at a width; at the end the console must be empty."""

    def open_report(of, width=1280):
        path = tmp_path / "report.html"
        of.to_html(path)
        browser.get_log("browser")
        browser.get_log("performance")
        browser.set_window_size(width, 900)
        browser.get("about:blank")
        browser.get(path.as_uri())
        return browser

    yield open_report
    assert browser.get_log("browser") == []
    requests = [
        entry["message"]
        for entry in browser.get_log("performance")
        if "Network.requestWillBeSent" in entry["message"]
    ]
    assert not [request for request in requests if '"url":"http' in request]


def text_of(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector).text


def wait_for_layer(browser, name):
    """The page shows a layer when the address has changed, a moment after the click."""
    ignored = (StaleElementReferenceException,)
    wait = WebDriverWait(browser, 10, poll_frequency=0.05, ignored_exceptions=ignored)
    wait.until(lambda _: text_of(browser, "#detail h2") == name)


def names_in_table(browser):
    return [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "#operators td.name")]


def click_layer(browser, index):
    hit = browser.find_element(By.CSS_SELECTOR, f".energy [data-op='{index}'] .hit")
    ActionChains(browser).move_to_element(hit).click().perform()


def test_opens_at_the_costliest_layer(page):
    of = report(12)
    energy = [entry.count * entry.result.cost.energy_pj for entry in of.entries]
    costliest = of.entries[energy.index(max(energy))].result.op.name
    assert text_of(page(of), "#detail h2") == costliest


def test_a_click_on_a_layer_shows_its_mapping_and_counts(page):
    of = report(12)
    browser = page(of)
    click_layer(browser, 3)
    wait_for_layer(browser, "Conv_3")
    shown = text_of(browser, "#detail pre")
    assert "mapping Conv_3 of synthetic.Conv_3 on testchip {" in shown
    assert "`Conv_3.weight` in pe.wspad" in shown
    reads = of.entries[3].result.cost.memories["dram"]["Conv_3.in"].reads
    assert f"{reads:,}" in text_of(browser, "#detail table")
    chosen = browser.find_elements(By.CSS_SELECTOR, ".chosen")
    assert {mark.get_attribute("data-op") for mark in chosen} == {"3"}
    assert len(chosen) == 6  # three panels, two rooflines, the table


def test_hovering_shows_the_figures(page):
    browser = page(report(12))
    hit = browser.find_element(By.CSS_SELECTOR, ".cycles [data-op='5'] .hit")
    ActionChains(browser).move_to_element(hit).perform()
    tip = text_of(browser, "#tip")
    assert tip.startswith("Conv_5") and "bound by" in tip


def test_a_link_in_the_table_and_the_arrow_keys_choose(page):
    browser = page(report(12))
    link = browser.find_element(By.LINK_TEXT, "Conv_7")
    browser.execute_script("arguments[0].click()", link)
    wait_for_layer(browser, "Conv_7")
    ActionChains(browser).send_keys("\ue014").perform()  # arrow right
    wait_for_layer(browser, "Conv_8")
    assert browser.current_url.endswith("#op-8")


def test_the_table_sorts_and_filters(page):
    of = report(12)
    browser = page(of)
    headers = browser.find_elements(By.CSS_SELECTOR, "#operators th button")
    energy = next(button for button in headers if button.text == "energy")
    by_energy = sorted(of.entries, key=lambda e: e.count * e.result.cost.energy_pj)
    ascending = [entry.result.op.name for entry in by_energy]
    browser.execute_script("arguments[0].click()", energy)
    assert names_in_table(browser) == ascending[::-1]
    browser.execute_script("arguments[0].click()", energy)
    assert names_in_table(browser) == ascending
    browser.find_element(By.ID, "filter").send_keys("conv_1")
    shown = browser.find_elements(By.CSS_SELECTOR, "#operators tbody tr")
    assert sum(row.is_displayed() for row in shown) == 3  # Conv_1, Conv_10, Conv_11


def test_names_are_text(page):
    browser = page(report(5, EVIL))
    assert browser.title == "synthetic on testchip · tilewright"
    assert names_in_table(browser)[:3] == list(EVIL)
    click_layer(browser, 0)
    wait_for_layer(browser, EVIL[0])


@pytest.mark.parametrize("width", [800, 1280])
@pytest.mark.parametrize("of", [report(1), report(40, EVIL, missing=2), report(0, missing=1)])
def test_nothing_sticks_out(page, width, of):
    browser = page(of, width)
    inner, content = browser.execute_script(
        "return [innerWidth, document.documentElement.scrollWidth]"
    )
    assert content <= inner


def test_five_hundred_layers(page):
    browser = page(report(500))
    click_layer(browser, 499)
    wait_for_layer(browser, "Conv_499")


def test_prints_as_pages(page):
    browser = page(report(24, missing=1))
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF")
    assert 3 <= pdf.count(b"/Type /Page\n") <= 6


def test_print_is_dark_on_white_without_controls(page):
    browser = page(report(3))
    media = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        style = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        assert browser.execute_script(style) == ["rgb(255, 255, 255)", "rgb(27, 35, 48)"]
        assert not browser.find_element(By.ID, "filter").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
