"""Licence faces for the tests: those of the sample applications, and some that are hard to set."""

import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from gateway.documents.face import FaceItem, LicenceFace
from gateway.documents.fonts import font_library
from gateway.documents.licence_page import render_electronic
from gateway.documents.seal_picture import draw_sample_seal

ROOT = Path(__file__).resolve().parents[3]
ASSETS = ROOT / "build" / "assets"
AT = datetime(2024, 5, 25, 1, 2, 3, tzinfo=UTC)
AUTHORITY = "阳江市江城区市场监督管理局"
ATTACHMENT = '{"证照名称":"食品经营许可证"}'.encode()
URL = "HTTPS://LICENCE.EXAMPLE.GOV.CN/Q/"
PAYLOAD = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(n * n + 7 * n) % 32] for n in range(420))
COMMON = {"ZZMC", "ZZHM", "CYRMC", "CYRSFZJLX", "CYRSFZJHM", "FZJGMC", "FZRQ", "YXQKSRQ", "YXQJSRQ"}
SCOPE = "甲醇、乙醇［无水］、丙酮、硫酸、盐酸（含量＞8%）、过氧化氢溶液（含量≥27.5%）；"


def fonts():
    return font_library(ASSETS)


@cache
def seal(authority=AUTHORITY):
    return draw_sample_seal(authority, ASSETS)


def make_face(**changes):
    """An ordinary face with changes."""
    values = {
        "title": "食品经营许可证",
        "licence_number": "JY14417000010000",
        "licence_identifier": "1.2.156.3005.2.11440000MB2D12345X123.11441702007040535K.0123456789ABCDEFGHIJ.001.X",
        "holder_name": "阳江市江城区漠江泰和餐饮服务有限公司",
        "holder_code": "91441702MA9Y03WY4L",
        "items": (FaceItem("经营场所", "阳江市江城区海陵路91号"), FaceItem("主体业态", "餐饮服务经营者（含网络经营）")),
        "issuing_authority": AUTHORITY,
        "issued_on": date(2024, 5, 25),
        "valid_from": date(2024, 5, 25),
        "valid_until": date(2029, 5, 24),
        "qr_text": URL + PAYLOAD,
        "verify_url": "https://licence.example.gov.cn",
    }
    return LicenceFace(**(values | changes))


def _date(text):
    return None if text == "长期" else date.fromisoformat(text)


@cache
def application_faces():
    """One face for each of the 80 sample applications, each with its own QR text."""
    lines = (ROOT / "tests/vectors/registry/applications.jsonl").read_text().splitlines()
    faces = []
    for number, line in enumerate(lines):
        row = json.loads(line)
        face = make_face(
            title=row["ZZMC"],
            licence_number=row["ZZHM"],
            holder_name=row["CYRMC"],
            holder_code=row["CYRSFZJHM"],
            items=tuple(FaceItem(key, value) for key, value in row.items() if key not in COMMON),
            issuing_authority=row["FZJGMC"],
            issued_on=_date(row["FZRQ"]),
            valid_from=_date(row["YXQKSRQ"]),
            valid_until=_date(row["YXQJSRQ"]),
            qr_text=f"{URL}{number:03}{PAYLOAD[number:]}{PAYLOAD[:number]}",
        )
        faces.append(face)
    return faces


def hard_faces():
    """Long names and scopes, many items, rare characters, no items, a watermark."""
    many = (
        ("法定代表人（负责人）", "欧阳𬭎"),
        ("经济性质", "有限责任公司"),
        ("房间数", "48"),
        ("床位数", "96"),
        ("行业种类", "旅馆业"),
        ("联系电话", "0662-3333333"),
        ("备注", "㙍城㛃𫠆䶮"),
    )
    return {
        "bare": make_face(items=(), valid_until=None),
        "long": make_face(
            title="互联网上网服务营业场所信息网络安全审核批准文件",
            holder_name="广东粤西海陵岛经济开发试验区漠阳江流域生态农业综合开发与农产品精深加工冷链物流仓储配送一体化示范园投资建设运营管理有限责任公司",
            items=(FaceItem("许可范围", (SCOPE * 10)[:300]),),
            issuing_authority="阳江市海陵岛经济开发试验区市场监督管理和综合行政执法局",
            watermark="SAMPLE 样本",
        ),
        "many": make_face(items=tuple(FaceItem(*item) for item in many)),
    }


def electronic(face=None, *, has_second_signature=False, **changes):
    """The prepared electronic form; one seal for all, since they take long to draw."""
    return render_electronic(
        fonts(),
        face or make_face(**changes),
        seal(),
        attachment=ATTACHMENT,
        created_at=AT,
        has_second_signature=has_second_signature,
    )
