"""Reasons in answers on papers, signed lists, archive packages and status lists: a part of the catalogue of reasons."""

LIST_REASONS: dict[str, tuple[str, str, str, str]] = {
    # Papers.
    "COMPARE_PAPER": (
        "纸质证照应当与下面登记簿的内容逐项一致。",
        "The paper has to say what the register says here, line by line.",
        "请把纸面与登记簿逐项对照；不一致的，以登记簿为准，并可向发证机关反映。",
        "Compare the paper with the register; where they differ the register counts, and you may report it.",
    ),
    "PAPER_NOT_COMPARED": (
        "没有可以对照的登记内容。",
        "There is nothing in the register to compare the paper with.",
        "请拍摄证照上的二维码，或向发证机关查询。",
        "Take a picture of the code on the licence, or ask the issuing authority.",
    ),
    # Signed lists.
    "LIST_UNREADABLE": (
        "这不是完整的证照清单文件，读不出内容。",
        "This is no complete list of licences; nothing in it can be read.",
        "请索取原文件，或重新下载清单。",
        "Ask for the original file or download the list again.",
    ),
    "LIST_SIGNER_UNKNOWN": (
        "清单的签名者不在信任名单内，无法确认由谁出具。",
        "The signer of this list is not on the trust list, so who made it cannot be confirmed.",
        "请更新信任文件后再核验，或直接在本网站查询。",
        "Update the trust files and check again, or look the enterprise up on this site.",
    ),
    "LIST_CURRENT": (
        "清单在其声明的时限内，可以代表现在的情况。",
        "The list is within the time that it claims to stand for.",
        "请看清单是否完整，有没有机关没有回答。",
        "See whether the list is complete, and which authorities gave no answer.",
    ),
    "IS_SIGNED_LIST": (
        "这是一份证照清单，不是证照；由谁出具，见下方的签名。",
        "This is a list of licences, not a licence; who made it is named with the signature.",
        "请看清单的时间和是否完整；附件 list.cbor 可单独离线核验。",
        "See the time of the list and whether it is complete; its attachment list.cbor can be verified by itself.",
    ),
    "LIST_NOT_YET": (
        "清单的时间晚于现在：出具者或本机的时钟不准。",
        "The list is of a time that has not come yet: the maker's clock or this one is wrong.",
        "请核对本机时间后再核验。",
        "Check the clock of this device and try again.",
    ),
    "LIST_TOO_OLD": (
        "清单是真的，但已超过时限，只说明它出具时的情况。",
        "The list is genuine but too old: it says what was so when it was made, and nothing about now.",
        "请重新下载清单。",
        "Download the list again.",
    ),
    # Archive packages.
    "IS_ARCHIVE_PACKAGE": (
        "这是 {subject} 的档案包，导出于 {made_at}，不是证照。",
        "This is the archive package of {subject} as of {made_at}, not a licence.",
        "证照现在是否有效，请查询登记簿。",
        "Ask the register whether a licence is in force now.",
    ),
    "ARCHIVE_SIGNER_UNKNOWN": (
        "档案包的签署者不在信任名单内，无法确认由谁导出；其中的文件没有逐一核验。",
        "The signer of this package is not on the trust list; who made it cannot be confirmed, and its files were not opened.",
        "请向原网关索取信任文件，再核验。",
        "Get the trust files of the gateway that made it, and check again.",
    ),
    "ARCHIVE_ALTERED": (
        "档案包中有 {count} 个文件的内容与签署的清单或记录不符：{names}。",
        "Files in the package that are not what was signed for, or what a record names: {count} ({names}).",
        "不要采用，请索取原档案包。",
        "Do not rely on it; ask for the original package.",
    ),
    "ARCHIVE_MISSING": (
        "档案包缺少清单或记录所列的 {count} 个文件：{names}。",
        "Files that were signed for, or that a record names, and that are not in the package: {count} ({names}).",
        "不要采用，请索取原档案包。",
        "Do not rely on it; ask for the original package.",
    ),
    "ARCHIVE_EXTRA": (
        "档案包中有清单未列的 {count} 个文件：{names}。",
        "Files in the package that nobody signed for: {count} ({names}).",
        "不要采用，请索取原档案包。",
        "Do not rely on it; ask for the original package.",
    ),
    "ARCHIVE_NOT_GENUINE": (
        "档案包中有 {count} 个文件的签名不成立：{names}。",
        "Files in the package whose signatures do not hold: {count} ({names}).",
        "不要采用，请把这些文件单独核验，查看原因。",
        "Do not rely on it; verify these files by themselves to see why.",
    ),
    "ARCHIVE_PROOF_BROKEN": (
        "档案包中有 {count} 个文件的透明日志证明不成立：{names}。",
        "Files in the package with proofs of the transparency log that do not hold: {count} ({names}).",
        "不要采用，并请向网关的运营者反映。",
        "Do not rely on it, and tell whoever runs the gateway.",
    ),
    "ARCHIVE_UNDECIDED": (
        "档案包中有 {count} 个文件没能核验到底：{names}。",
        "Files in the package that could not be checked to the end: {count} ({names}).",
        "请把这些文件单独核验，查看原因。",
        "Verify these files by themselves to see why.",
    ),
    # Status lists.
    "STATUS_LIST_USED": (
        "按发证机关在 {at} 的状态名单判断，没有联网查询。",
        "By the status list of {at}; the register was not asked.",
        "此后的变化要联网才能知道。",
        "What changed since then is only known on line.",
    ),
    "STATUS_LIST_TOO_OLD": (
        "状态名单已过时，不能说明证照现在是否有效。",
        "The status list is too old to tell whether the licence is in force.",
        "请取得新的状态名单，或联网核验。",
        "Fetch a new status list, or check on line.",
    ),
    "STATUS_LIST_NOT_USABLE": (
        "有状态名单读不出、签名有误或签名者不受信任，没有采用。",
        "A status list could not be read, or its signature or signer cannot be relied on; it was not used.",
        "请从本网站重新下载状态名单。",
        "Download the status list again from this site.",
    ),
    "LICENCE_ENDED": (
        "证照已被吊销、撤销或注销。",
        "The licence was revoked, withdrawn or cancelled.",
        "不要采用。",
        "Do not rely on it.",
    ),
}
"""As the catalogue has them: sentence and next step, each in Chinese and English."""
