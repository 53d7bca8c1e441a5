"""What conversions, their rows and the reasons against these are called, in Chinese and English."""

from gateway.domain.conversions import JobState, RowStatus

STATE_WORDS = {
    JobState.STAGING: ("读入中", "reading"),
    JobState.RUNNING: ("进行中", "running"),
    JobState.PAUSED: ("已暂停", "paused"),
    JobState.CANCELLED: ("已取消", "cancelled"),
    JobState.FINISHED: ("已完成", "finished"),
}

ROW_WORDS = {
    RowStatus.CONVERTED: ("已转换", "converted"),
    RowStatus.WOULD_CONVERT: ("可转换", "would be converted"),
    RowStatus.ALREADY_REGISTERED: ("已在登记簿", "already registered"),
    RowStatus.REFUSED: ("不予转换", "refused"),
    RowStatus.DUPLICATE: ("重复", "duplicate"),
    RowStatus.CONFLICT: ("冲突", "conflict"),
    RowStatus.PENDING: ("待处理", "pending"),
}

REASON_WORDS = {
    "CREDIT_CODE_INVALID": ("信用代码校验错误", "wrong credit code"),
    "DATES_SWAPPED": ("有效期起止颠倒", "validity ends before it begins"),
    "NOT_A_DATE": ("日期无法识别", "not a date"),
    "DATE_SERIAL": ("日期丢了格式", "a date that lost its format"),
    "MISSING": ("必填项空缺", "a needed cell is empty"),
    "TYPE_UNKNOWN": ("证照名称不在目录", "unknown licence type"),
    "AUTHORITY_UNKNOWN": ("发证机关不在目录", "unknown authority"),
    "AUTHORITY_NOT_COMPETENT": ("发证机关无权颁发", "not this authority's type"),
    "FORMULA": ("单元格是公式", "a spreadsheet formula"),
    "HOLDER_UNKNOWN": ("持证主体未登记", "holder not registered"),
    "OUT_OF_REACH": ("超出您的范围", "another authority or type"),
    "DUPLICATE_IN_SOURCE": ("文件内重复", "twice in the file"),
    "ROWS_DISAGREE": ("同一编号内容不同", "rows of one number differ"),
    "HOLDER_NAMES_DISAGREE": ("同一代码名称不同", "names of one code differ"),
    "ALREADY_REGISTERED": ("已在登记簿，无需处理", "already registered, nothing to do"),
    "REGISTER_DIFFERS": ("与登记簿不符", "the register differs"),
    "HOLDER_NAME_DIFFERS": ("名称与登记簿不符", "name differs from the register"),
}
"""Of the commonest reasons; the others are told by their code alone, which docs/conversion.md explains."""


def reason_words(code: str) -> tuple[str, str]:
    """In Chinese and English, with the code."""
    zh, en = REASON_WORDS.get(code, ("", ""))
    return f"{zh} {code}".strip(), f"{en} {code}".strip()
