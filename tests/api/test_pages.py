"""What the pages say and send, without a browser."""

import gzip
import re

import pytest

from gateway.app import create_app
from tests.api.conftest import form
from tests.conftest import VECTORS
from tests.gallery import MISTAKEN, POOR, RICH, UNREGISTERED
from verify_web.language import pair
from verify_web.style import ANSWER_STYLE, ANSWER_STYLE_SOURCE, STYLE, STYLE_SOURCE

PATHS = ("/", "/verify", "/about", f"/e/{RICH}", f"/e/{POOR}", f"/e/{UNREGISTERED}", f"/e/{MISTAKEN}", "/nowhere")


def headline(page):
    return re.search(r'<h1 id="verdict">(.*?)\s*<span', page.text)[1]


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("in_force", "有效", "In force"),
        ("expired", "已过期", "Expired"),
        ("suspended", "已暂扣", "Suspended"),
        ("revoked", "已吊销", "Revoked"),
        ("unchecked", "无法核验", "Could not check"),
    ],
)
def test_a_licence_page_opens_with_its_answer(client, gallery, name, zh, en):
    for path in (gallery.path(name), gallery.code_path(name), gallery.code_path(name).replace("/Q/", "/q/", 1)):
        assert headline(client.get(path, headers={"Accept-Language": "zh-CN"})) == zh
        assert headline(client.get(path, headers={"Accept-Language": "en-GB"})) == en


def test_each_answer_has_its_own_shape(client, gallery):
    shapes = {
        re.search(r'<section class="verdict.*?(<svg.*?</svg>)', client.get(gallery.path(name)).text, re.DOTALL)[1]
        for name in gallery.licences
    }
    assert len({re.sub(r'class="shape \w+"', "", shape) for shape in shapes}) == len(gallery.licences)


def test_a_forged_code_is_not_genuine_and_leads_to_no_list(client, gallery):
    path = gallery.code_path("in_force")
    forged = path[:-9] + ("A" if path[-9] != "A" else "B") + path[-8:]
    page = client.get(forged)
    assert headline(page) == "不真实"
    assert RICH not in page.text


@pytest.mark.parametrize(
    ("path", "status", "zh"),
    [
        (f"/e/{UNREGISTERED}", 404, "没有查到"),
        (f"/e/{MISTAKEN}", 404, "代码有误"),
        ("/e/nothing", 404, "无法识别"),
        ("/q/AAAA", 200, "无法核验"),
        ("/q/!", 404, "无法识别"),
        ("/l/1.2.3", 404, "没有查到"),
        ("/nowhere", 404, "没有这个页面"),
    ],
)
def test_what_is_not_there_says_so(client, path, status, zh):
    page = client.get(path)
    assert (page.status_code, headline(page)) == (status, zh)


def test_an_enterprise_without_licences_says_so(client):
    page = client.get(f"/e/{POOR}", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "No licence is registered under this enterprise" in page.text


def test_the_box_takes_a_code_an_address_a_picture_and_a_file(client, gallery):
    issued = gallery.licences["in_force"]
    picture = (VECTORS / "qr" / "plain.png").read_bytes()
    for options in (
        {"data": {"text": f" {RICH.lower()} "}},
        {"data": {"text": f"http://www.gsxt.gov.cn/index.html?uniscid={RICH}"}},
        form(picture, "plain.png", "picture"),
    ):
        response = client.post("/", **options)
        assert (response.status_code, response.headers["Location"]) == (303, f"/e/{RICH}")
    assert client.post("/", data={"text": issued.qr_text}).headers["Location"].startswith("/q/")
    assert headline(client.post("/", **form(gallery.electronic("in_force"), part="picture"))) == "真实且有效"
    refused = client.post("/", data={"text": "http://www.gsxt-gov.cn/?uniscid=<b>"})
    assert (refused.status_code, headline(refused)) == (422, "可疑网址，已拒绝")
    assert "<b>" not in refused.text
    assert "请先输入代码或选择图片" in client.post("/", data={"text": " "}).text
    assert "请先选择文件" in client.post("/verify").text


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_strict_private_and_bilingual(client, path):
    chinese, english = (client.get(path, headers={"Accept-Language": code}) for code in ("zh-CN,zh;q=0.9", "en-US"))
    assert '<html lang="zh-CN">' in chinese.text
    assert '<html lang="en">' in english.text
    for page in (chinese, english):
        [style] = re.findall("<style>(.*?)</style>", page.text)
        assert {STYLE: STYLE_SOURCE, ANSWER_STYLE: ANSWER_STYLE_SOURCE}[style] in page.headers[
            "Content-Security-Policy"
        ]
        assert not re.search(r"unsafe|\*|https?:", page.headers["Content-Security-Policy"])
        # Scripts are files of this site; none stands in the page.
        words = re.sub(r'<script type="module" src="/scripts/[0-9a-f]{16}/[a-z-]+\.js"></script>', "", page.text)
        assert not re.search(r"<script|\son\w+=|\sstyle=|(?:src|href|action)=\"(?:https?:)?//", words)
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in page.headers
        assert len(gzip.compress(page.data)) < 14_000


def test_no_chinese_is_left_in_the_words_of_english_pages(client, gallery):
    """What remains in Chinese is data, and is marked as Chinese for screen readers."""
    settings = gallery.container.settings
    report = client.post("/verify?lang=en", **form(gallery.electronic("in_force")))
    for page in [report, *(client.get(f"{path}?lang=en") for path in (*PATHS, gallery.path("in_force")))]:
        text = re.sub(r"<title>.*?</title>|<style>.*?</style>", "", page.text, flags=re.DOTALL)
        text = re.sub(r'<(\w+)[^>]* lang="zh-CN".*?</\1>', "", text, flags=re.DOTALL)
        text = re.sub(
            r'<ul class="checks" lang="en">.*?</ul>|<p>[^<]*号</p>|<dd class="code">[^<]*</dd>',
            "",
            text,
            flags=re.DOTALL,
        )
        assert re.findall(r"[\u4e00-\u9fff]+", text.replace(settings.site_name, "")) == []


def test_the_language_is_remembered_on_request_only(client):
    chosen = client.get("/?lang=en")
    cookie = chosen.headers["Set-Cookie"]
    assert cookie.startswith("lang=en;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert '<html lang="en">' in client.get("/about", headers={"Accept-Language": "zh"}).text
    assert '<html lang="zh-CN">' in client.get("/?lang=zh").text


@pytest.mark.parametrize(
    ("accepted", "shown"), [("fr", "en"), ("zh-TW", "zh-CN"), ("", "zh-CN"), ("de,zh;q=0.5", "zh-CN")]
)
def test_the_browser_is_asked_for_its_language(app, accepted, shown):
    page = app.test_client().get("/?lang=xx", headers={"Accept-Language": accepted})
    assert f'<html lang="{shown}">' in page.text


@pytest.mark.parametrize("sent", ["/zz", "", "/ZZ"])
def test_pages_work_under_a_prefix_behind_a_proxy(gallery, settings_like, sent):
    headers = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "zz.example.gov.cn",
        "X-Forwarded-Prefix": "/evil",
    }
    settings = {"trusted_proxies": 1, "public_base_url": "https://zz.example.gov.cn/zz"}
    trusting = create_app(settings_like(gallery, **settings)).test_client()
    page = trusting.get(f"{sent}/e/{RICH}?lang=zh", headers=headers)
    local = re.findall(r'(?:href|action|src)="(/[^"]*)"', page.text)
    assert local
    assert all(link.startswith("/zz/") for link in local)
    assert page.headers["Strict-Transport-Security"]
    assert "Secure" in page.headers["Set-Cookie"]
    assert "Path=/zz" in page.headers["Set-Cookie"]
    doubting = gallery.app().test_client().get("/", headers=headers)
    assert "/evil/" not in doubting.text
    assert "Strict-Transport-Security" not in doubting.headers


def test_a_refused_method_keeps_its_allow_header(client):
    page = client.post("/about")
    assert page.status_code == 405
    assert "GET" in page.headers["Allow"]


def test_request_ids_are_kept_when_they_are_sane(client):
    assert client.get("/", headers={"X-Request-Id": "abcdef-12345"}).headers["X-Request-Id"] == "abcdef-12345"
    assert client.get("/", headers={"X-Request-Id": "<script>alert"}).headers["X-Request-Id"].isalnum()


def test_messages_are_split_into_their_languages():
    assert pair("图片太小。The picture is too small.") == ("图片太小。", "The picture is too small.")
    assert pair("许可证.pdf：文件无法处理。The file cannot be processed: x") == (
        "许可证.pdf：文件无法处理。",
        "The file cannot be processed: x",
    )
    assert pair("只有中文。") == ("只有中文。", "只有中文。")
