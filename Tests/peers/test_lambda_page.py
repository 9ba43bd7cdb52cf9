"""The page in headless Chromium, over lambda-bootstrap and the real pipeline; a screenshot is left in the build folder."""

import http.server
import json
import pathlib
import shutil
import threading

import pytest
from support.lambda_events import http_api
from support.runtime_api import Bootstrap
from support.tools import MODEL, ROOT, tool

webdriver = pytest.importorskip("selenium.webdriver")
if not (shutil.which("chromium") and shutil.which("chromedriver")):
    pytest.skip("chromium and chromium-driver are absent", allow_module_level=True)
Image = pytest.importorskip("PIL.Image")


class Gateway(http.server.ThreadingHTTPServer):
    """What API Gateway does: requests become HTTP API events, answers become responses. Keeps the sizes of bodies."""

    def __init__(self, function):
        self.function = function
        self.sizes = []
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
            if body:
                self.server.sizes.append(len(body))
            headers = {name.lower(): value for name, value in self.headers.items()}
            event = self.server.function.call(http_api(self.command, self.path, body, headers))
            answer = json.loads(event.result)
            data = answer["body"].encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *_):
            pass


@pytest.fixture(scope="module")
def gateway():
    path = f"{pathlib.Path(tool('imgdecode')).parent}"
    with Bootstrap([tool("lambda-bootstrap"), "--http", "--page", ROOT / "deploy" / "page.html", "--",
                    ROOT / "deploy" / "predict-pipeline"], env={"CLASSIFY_MODEL": str(MODEL), "PATH": f"{path}:/usr/bin:/bin"}) as function:
        server = Gateway(function)
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(flag)
    options.add_experimental_option("mobileEmulation", {
        "deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0, "touch": True}})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    yield browser
    browser.quit()


@pytest.fixture
def page(gateway, browser):
    browser.get(f"http://127.0.0.1:{gateway.server_address[1]}/")
    yield browser
    # Nothing was blocked by the policy, nothing failed in the script; refused images are not the page's fault.
    log = [entry["message"] for entry in browser.get_log("browser")]
    assert [line for line in log if "favicon" not in line and "status of 4" not in line] == []


def wait(page, script):
    from selenium.webdriver.support.ui import WebDriverWait
    return WebDriverWait(page, 20).until(lambda page: page.execute_script(f"return {script}"))


def choose(page, path):
    page.find_element("id", "choose").send_keys(str(path))


STATE = 'document.getElementById("state").textContent'


def bars(page):
    return page.execute_script("""
        return [...document.querySelectorAll("#classes li")].map(item => [
          item.querySelector(".row span").textContent, parseFloat(item.querySelector(".bar").style.width),
          item.querySelector(".bar").getBoundingClientRect().width])""")


def photo(path, size, noise=0):
    """A picture of a blue sky over a green field, with noise to make its file large."""
    image = Image.new("RGB", size)
    image.paste((120, 180, 240), (0, 0, size[0], size[1] // 2))
    image.paste((60, 140, 60), (0, size[1] // 2, size[0], size[1]))
    if noise:
        image = Image.blend(image, Image.effect_noise(size, noise).convert("RGB"), 0.5)
    image.save(path, quality=95)
    return path


def test_a_chosen_photo_shows_five_bars(page, tmp_path, gateway):
    from support.tools import SHARED
    path = SHARED / "photos" / "cat.jpg" if SHARED else photo(tmp_path / "photo.jpg", (640, 427))
    choose(page, path)
    wait(page, f'{STATE}.startsWith("Answered")')
    shown = bars(page)
    assert len(shown) == 5 and all(label for label, _, _ in shown)
    assert sum(share for _, share, _ in shown) <= 100.1 and shown[0][1] == max(share for _, share, _ in shown)
    assert gateway.sizes[-1] == path.stat().st_size, "a small photo is sent as it is"
    width = page.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], "the page fits a phone's width"
    page.save_screenshot(str(ROOT / ".build" / "page.png"))


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_what_the_browser_can_show_is_sent_as_a_jpeg(page, tmp_path, gateway, format):
    path = tmp_path / f"clear.{format.lower()}"
    Image.new("RGBA", (640, 480), (200, 30, 30, 128)).save(path, format)
    choose(page, path)
    wait(page, f'{STATE}.startsWith("Answered")')
    assert len(bars(page)) == 5 and gateway.sizes[-1] != path.stat().st_size


def test_a_file_that_is_not_a_picture_shows_an_error(page, tmp_path):
    (tmp_path / "text.png").write_bytes(b"not a picture")
    choose(page, tmp_path / "text.png")
    wait(page, 'document.getElementById("state").className === "bad"')
    assert "cannot be read" in wait(page, STATE) and bars(page) == []
    page.save_screenshot(str(ROOT / ".build" / "page-error.png"))


def test_a_large_photo_is_shrunk_before_it_is_sent(page, tmp_path, gateway):
    path = photo(tmp_path / "large.jpg", (4000, 3000), noise=80)
    assert path.stat().st_size > 4_000_000
    choose(page, path)
    wait(page, f'{STATE}.startsWith("Answered")')
    assert len(bars(page)) == 5 and 10_000 < gateway.sizes[-1] <= 4_000_000


def test_a_dropped_photo(page, tmp_path):
    photo(tmp_path / "photo.jpg", (320, 240))
    data = list((tmp_path / "photo.jpg").read_bytes())
    page.execute_script("""
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(arguments[0])], "photo.jpg", { type: "image/jpeg" }));
        document.getElementById("drop").dispatchEvent(
          new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));""", data)
    wait(page, f'{STATE}.startsWith("Answered")')
    assert len(bars(page)) == 5


def test_answers_are_shown_as_text(page):
    page.execute_script("show([{ label: '<img src=x onerror=alert(1)>', probability: 0.5 }])")
    assert bars(page)[0][0] == "<img src=x onerror=alert(1)>"
    assert page.execute_script('return document.querySelectorAll("#classes img").length') == 0
