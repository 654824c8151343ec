"""Where a Chromium is, how it is started, and the windows that it looks through."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATH = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
