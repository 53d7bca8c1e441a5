"""A good row of a register, and what becomes of it with some cells changed."""

from gateway.domain.catalogue import make_catalogue, seed_entries
from gateway.domain.cleaning import clean_row
from gateway.domain.conversions import SourceRow
from gateway.domain.headings import learn_mapping

CATALOGUE = make_catalogue(seed_entries("licence_types"), seed_entries("issuing_authorities"))
CODE = "91441702MA9Y03WY4L"
GOOD = {
    "证照名称": "食品经营许可证",
    "证照号码": "JY14417000011000",
    "持有人名称": "阳江市江城区漠江泰和餐饮服务有限公司",
    "统一社会信用代码": CODE,
    "发证机构": "阳江市江城区市场监督管理局",
    "发证日期": "2020-10-21",
    "有效期起": "2020-10-21",
    "有效期止": "2025-10-20",
    "经营场所": "阳江市江城区海陵路91号",
    "主体业态": "餐饮服务经营者",
    "经营项目": "热食类食品制售",
}
HEADINGS = list(GOOD)
LABELS = ["经营场所", "主体业态", "经营项目"]


def cleaned(cells):
    return clean_row(SourceRow("", 2, GOOD | cells), learn_mapping(HEADINGS, LABELS), CATALOGUE)
