"""Every reason that an answer can give, in plain words: data, and the one place for them."""

from gateway.domain.list_reasons import LIST_REASONS
from gateway.domain.reasons import Reason

_TABLE: dict[str, tuple[str, str, str, str]] = {
    **LIST_REASONS,
    # Genuine or not.
    "GENUINE": (
        "电子签名有效，内容自签发以来未被改动。",
        "The signature is valid and nothing was changed since it was issued.",
        "可以放心使用；是否有效请看状态。",
        "You can rely on it; see the status for whether it is in force.",
    ),
    "ACCEPTED_BY_HOLDER": (
        "持证主体已用电子营业执照签收。",
        "The holder has accepted it, by a signature with its electronic business licence.",
        "无需处理。",
        "Nothing needs to be done.",
    ),
    "ACCEPTED_BY_STATEMENT": (
        "持证主体已用电子营业执照签收，签收声明另存。",
        "The holder has accepted it, by a statement beside the file, signed with its electronic business licence.",
        "无需处理。",
        "Nothing needs to be done.",
    ),
    "NOT_SIGNED_BY_AUTHORITY": (
        "文件自称证照，但没有发证机关的签名，只有企业的签名。",
        "The file says that it is a licence, but only an enterprise signed it and no authority.",
        "不要当作证照采用，请扫描证照上的二维码核对，或向发证机关查询。",
        "Do not accept it as a licence; scan the code on it or ask the issuing authority.",
    ),
    "SIGNED_BY_ANOTHER_ENTERPRISE": (
        "签名的企业不是这份证照的持证主体。",
        "An enterprise signed it that is not the holder of this licence.",
        "请向持证主体索取原件，或扫描证照上的二维码核对。",
        "Ask the holder for the original, or scan the code on the licence.",
    ),
    "SAMPLE": (
        "这是样本（SAMPLE），用于系统对接测试，不是证照，没有任何效力。",
        "This is a sample made for testing systems; it is no licence and has no effect.",
        "不要采用。",
        "Do not accept it as a licence.",
    ),
    "CHANGED_AFTER_SIGNING": (
        "文件在签发之后被改动过，不是原件。",
        "The document was changed after it was signed; it is not the original.",
        "不要采用此文件，请向持证人索取原件，或扫描证照上的二维码核对。",
        "Do not rely on this file; ask the holder for the original or scan the code on the licence.",
    ),
    "SIGNATURE_INVALID": (
        "电子签名是错误的，不是所称机关签发的。",
        "The signature is wrong; the named authority did not make it.",
        "不要采用，并可向发证机关反映。",
        "Do not rely on it; you may report it to the issuing authority.",
    ),
    "SIGNER_NOT_TRUSTED": (
        "签名者的证书不在信任名单内，无法确认是谁签的。",
        "The signer's certificate is not on the trust list, so who signed cannot be confirmed.",
        "请通过证照上的二维码核验，或向发证机关查询。",
        "Check the QR code on the licence or ask the issuing authority.",
    ),
    "CERTIFICATE_REVOKED": (
        "签名证书已被吊销，不能证明签名是在吊销之前作出的。",
        "The signer's certificate is revoked, and nothing proves that it signed before that.",
        "请向发证机关查询。",
        "Ask the issuing authority.",
    ),
    "CERTIFICATE_EXPIRED": (
        "签名证书不在有效期内，不能证明签名是在有效期内作出的。",
        "The signer's certificate is out of its validity, and nothing proves that it signed within it.",
        "请向发证机关查询。",
        "Ask the issuing authority.",
    ),
    "REVOCATION_NOT_CHECKED": (
        "未能核实签名证书是否被吊销，暂时不能下结论。",
        "Whether the signer's certificate was revoked could not be checked, so there is no conclusion yet.",
        "请稍后再试，或联网核验。",
        "Try again later, or check on line.",
    ),
    "SIGNATURE_NOT_CHECKED": (
        "有签名未能完成核验，暂时不能下结论。",
        "A signature could not be checked in full, so there is no conclusion yet.",
        "请稍后再试，或向发证机关查询。",
        "Try again later or ask the issuing authority.",
    ),
    "SIGNATURE_UNSUPPORTED": (
        "文件中有本系统不支持的签名，无法核验。",
        "The file has a signature of a kind that cannot be checked here.",
        "请使用签名软件厂商提供的工具核验。",
        "Check it with the tool of the maker of the signature.",
    ),
    "NO_SIGNATURE": (
        "文件没有电子签名，无法证明它的真伪。",
        "The file has no electronic signature, so nothing proves whether it is genuine.",
        "请扫描证照上的二维码，或索取带签名的电子证照。",
        "Scan the QR code on the licence or ask for the signed electronic licence.",
    ),
    "FILE_NOT_CHECKED": (
        "登记的电子证照文件暂时无法核验。",
        "The registered electronic licence cannot be checked right now.",
        "请稍后再试。",
        "Try again later.",
    ),
    "LICENCE_CODE_UNREADABLE": (
        "二维码不完整，读不出证照信息。",
        "The QR code is incomplete and holds no readable licence.",
        "请重新拍摄，或输入统一社会信用代码查询。",
        "Take the picture again or type the credit code.",
    ),
    "SEAL_UNKNOWN": (
        "二维码的签章不在信任名单内，无法确认由谁签发。",
        "The seal behind this QR code is not on the trust list, so who issued it cannot be confirmed.",
        "请向证照上所写的发证机关查询。",
        "Ask the authority that the licence names.",
    ),
    # In force or not.
    "IN_FORCE": (
        "证照现在有效。",
        "The licence is in force now.",
        "无需其他操作。",
        "Nothing more is needed.",
    ),
    "LICENCE_EXPIRED": (
        "证照已过有效期。",
        "The licence has expired.",
        "请持证人办理延续或出示新证。",
        "Ask the holder to renew it or to show the new one.",
    ),
    "LICENCE_NOT_YET_VALID": (
        "证照的有效期尚未开始。",
        "The licence is not valid yet.",
        "请留意有效期的起始日期。",
        "Note the day on which it starts.",
    ),
    "LICENCE_SUSPENDED": (
        "证照已被暂扣或限制，目前不能使用。",
        "The licence is suspended and may not be used at present.",
        "请向发证机关了解恢复时间。",
        "Ask the issuing authority when it will be restored.",
    ),
    "LICENCE_REVOKED": ("证照已被吊销。", "The licence was revoked.", "不要采用。", "Do not rely on it."),
    "LICENCE_WITHDRAWN": ("许可已被撤销。", "The permit was withdrawn.", "不要采用。", "Do not rely on it."),
    "LICENCE_CANCELLED": ("证照已注销。", "The licence was cancelled.", "不要采用。", "Do not rely on it."),
    "LICENCE_SUPERSEDED": (
        "证照已被新证取代。",
        "The licence was replaced by a newer one.",
        "请持证人出示新证。",
        "Ask the holder for the new one.",
    ),
    "IS_VERIFICATION_REPORT": (
        "这是一份核验报告，不是证照；由谁签名，见下方的签名。",
        "This is a verification report, not a licence; who signed it is named with the signature.",
        "请核对签名者是不是你信任的核验机构，并按报告所列摘要核对被核验的文件。",
        "See that you trust who signed it, and compare the digests in it with the file that it speaks of.",
    ),
    "IS_PURPOSE_COPY": (
        "这是一份加注件，不是证照原件，只能由所写明的使用人用于所写明的用途。",
        "This is a purpose copy, not the licence itself; only the named user may use it, for the named purpose.",
        "请核对使用人和用途；用于别处的，请向持证人索取新的加注件。",
        "Compare the user and the purpose; for anything else ask the holder for another copy.",
    ),
    "PURPOSE_COPY_EXPIRED": (
        "加注件已过使用期限。",
        "The purpose copy may not be used any more: its last day is over.",
        "请向持证人索取新的加注件。",
        "Ask the holder for another copy.",
    ),
    # The registry.
    "REGISTRY_NOT_CHECKED": (
        "未能查询登记簿，不知道证照现在是否有效。",
        "The register could not be asked, so whether the licence is in force is not known.",
        "请联网后再核验一次。",
        "Check again on line.",
    ),
    "NOT_IN_REGISTRY": (
        "登记簿中没有这份证照。",
        "The register does not have this licence.",
        "它可能由其他地区签发，请向发证机关查询。",
        "It may come from elsewhere; ask the issuing authority.",
    ),
    "FACE_DIFFERS": (
        "出示的内容与登记簿不一致，差异已逐项列出。",
        "What is presented differs from the register; each difference is listed.",
        "以登记簿为准，并可向发证机关反映。",
        "The register counts; you may report it to the issuing authority.",
    ),
    "ENTERPRISE_UNKNOWN": (
        "登记簿中没有这个统一社会信用代码。",
        "The register does not have this credit code.",
        "请核对代码，或到国家企业信用信息公示系统查询。",
        "Check the code, or look in the national publicity system.",
    ),
    "NO_LICENCES": (
        "该主体名下没有登记的证照。",
        "No licence is registered under this enterprise.",
        "如认为有遗漏，请向发证机关查询。",
        "If one is missing, ask the issuing authority.",
    ),
    "AUTHORITIES_SILENT": (
        "{authorities} 个发证机关中有 {silent} 个没有在期限内报送数据：没有回答，清单可能缺少它们的证照。",
        "{silent} of {authorities} issuing authorities gave no answer in time: their licences may be missing from the list.",
        "请看各机关最近一次报送的时间，必要时向该机关查询。",
        "See when each authority last reported, and ask it where it matters.",
    ),
    "CODE_IS_NO_PROOF": (
        "营业执照二维码只说明查询哪个主体，本身不证明真伪。",
        "The code on a business licence only says whom to look up; by itself it proves nothing.",
        "请核对页面上的名称与所见主体是否一致。",
        "Compare the name on this page with the business in front of you.",
    ),
    # Codes that are refused.
    "CODE_TOO_LONG": (
        "二维码内容过长，不是证照二维码。",
        "The code is too long for a licence code.",
        "请扫描营业执照或证照上的二维码。",
        "Scan the code on a business licence or a licence.",
    ),
    "CODE_EMPTY": (
        "没有读到任何内容。",
        "There is nothing to look up.",
        "请重新扫描，或手工输入 18 位代码。",
        "Scan again or type the 18-character code.",
    ),
    "CODE_INVISIBLE_CHARACTERS": (
        "内容含有看不见的控制字符，可能用来掩盖真实内容，已拒绝处理。",
        "The content has invisible control characters, which can hide what it really says; it was refused.",
        "请手工输入营业执照上的 18 位代码，每次一个。",
        "Type the 18-character code on the business licence, one at a time.",
    ),
    "CODE_NEEDS_ADAPTER": (
        "内容里没有统一社会信用代码。如果它是企业码或电子营业执照的动态码，只有国家电子营业执照系统能够读取。",
        "It holds no credit code. If it is an enterprise code or a dynamic code, only the national system can read it.",
        "请用电子营业执照小程序扫描，或在此输入营业执照上的 18 位代码。",
        "Scan it with the electronic business licence app, or type the 18-character code on the business licence here.",
    ),
    "SEVERAL_CODES": (
        "图片中有 {found} 个二维码，逐个列出了回答。",
        "The picture has {found} codes; each has its answer.",
        "请看清您要查的是哪一个。",
        "See which of them you meant.",
    ),
    "CODES_LEFT_OUT": (
        "图片中的二维码太多，有 {left} 个没有查询。",
        "The picture has too many codes; {left} were not looked up.",
        "请分开拍摄后再查。",
        "Take pictures of fewer codes at a time.",
    ),
    "CODES_UNREAD": (
        "图片中还有一个像二维码的图形没有读出。",
        "The picture shows something like another code that could not be read.",
        "如果要查的是它，请靠近单独拍摄。",
        "If that is the one you meant, take a picture of it alone, from closer.",
    ),
    "CODE_SYSTEM_DOWN": (
        "能读取这种二维码的系统没有给出可信的回答：没能查询，不说明二维码是真是假。",
        "The system that can read such codes gave no answer that can be believed: nothing is said about the code.",
        "请稍后再试，或输入营业执照上的 18 位代码。",
        "Try again later, or type the 18-character code on the business licence.",
    ),
    "CODE_SYSTEM_KNOWS_NOT": (
        "能读取这种二维码的系统已经回答：没有这个码。",
        "The system that can read such codes answered that it has no such code.",
        "请重新扫描，或输入营业执照上的 18 位代码。",
        "Scan again, or type the 18-character code on the business licence.",
    ),
    "DYNAMIC_CODE_EXPIRED": (
        "动态码已过时或已用过。",
        "The dynamic code is over, or was used already.",
        "请持码人刷新二维码后再扫。",
        "Ask for a fresh code and scan that.",
    ),
    "CODE_READ_BY_SYSTEM": (
        "二维码由签发它的系统读出，其中所说的主体和登记状态来自该系统。",
        "The code was read by the system that made it; the enterprise and its registration are what that system says.",
        "请核对页面上的名称与所见主体是否一致。",
        "Compare the name on this page with the business in front of you.",
    ),
    "ENTERPRISE_NAME_DIFFERS": (
        "登记系统中的名称与本系统记录的不同，这里显示登记系统的名称。",
        "The registration system names the enterprise differently from this register; its name is shown.",
        "主体可能刚刚更名；证照上仍是原名的，请向发证机关了解。",
        "It may have changed its name; ask the issuing authority about licences in the old one.",
    ),
    "ENTERPRISE_CANCELLED": (
        "该主体已注销。",
        "The enterprise is deregistered.",
        "不要与它订立新的合同；详情请向登记机关查询。",
        "Enter into nothing new with it; ask the registration authority for details.",
    ),
    "ENTERPRISE_REVOKED": (
        "该主体的营业执照已被吊销。",
        "The enterprise's business licence was revoked.",
        "不要与它订立新的合同；详情请向登记机关查询。",
        "Enter into nothing new with it; ask the registration authority for details.",
    ),
    "CODE_UNKNOWN": (
        "这不是可以查询的二维码或代码。",
        "This is no code that can be looked up.",
        "请扫描营业执照上的二维码，或输入 18 位统一社会信用代码。",
        "Scan the code on the business licence or type the 18-character credit code.",
    ),
    "SCHEME_NOT_WEB": (
        "二维码里是可能有害的指令，不是网址，已拒绝处理。",
        "The code holds a command that may do harm, not a web address; it was refused.",
        "不要用其他软件打开它。",
        "Do not open it with other software.",
    ),
    "URL_MALFORMED": (
        "二维码中的网址不合规范，可能有诈，已拒绝处理。",
        "The address in the code is malformed and may be a trick; it was refused.",
        "不要打开它，请输入 18 位代码查询。",
        "Do not open it; type the 18-character code.",
    ),
    "URL_HIDES_HOST": (
        "网址用“@”掩盖了真正的网站，是常见骗术，已拒绝处理。",
        "The address hides its real site behind an “@”, a common trick; it was refused.",
        "不要打开它，请输入 18 位代码查询。",
        "Do not open it; type the 18-character code.",
    ),
    "URL_LOOKALIKE": (
        "网址冒充国家企业信用信息公示系统或其他政府网站，已拒绝处理。",
        "The address imitates the national publicity system or another government site; it was refused.",
        "不要打开它，请输入 18 位代码查询。",
        "Do not open it; type the 18-character code.",
    ),
    "URL_FOREIGN_LETTERS": (
        "网址里有外文或形似的字母，可能冒充真正的网站，已拒绝处理。",
        "The address is spelled with foreign or similar-looking letters and may imitate a real site; it was refused.",
        "不要打开它，请输入 18 位代码查询。",
        "Do not open it; type the 18-character code.",
    ),
    "URL_ODD_PORT": (
        "网址指向公示系统的不寻常端口，不是营业执照上印的网址，已拒绝处理。",
        "The address names an unusual port, as no business licence does; it was refused.",
        "不要打开它，请输入 18 位代码查询。",
        "Do not open it; type the 18-character code.",
    ),
    "URL_FOREIGN": (
        "网址不属于国家企业信用信息公示系统，已拒绝处理。",
        "The address does not belong to the national publicity system; it was refused.",
        "请输入营业执照上的 18 位代码查询。",
        "Type the 18-character code on the business licence.",
    ),
    "URL_CLONES_US": (
        "看起来是证照二维码，网址却不属于本站，可能引向仿冒的核验网页，已拒绝处理。",
        "It looks like a licence's code, but its address is not that of this site and may lead to a clone; it was refused.",
        "不要打开它，也不要凭它认定证照；请输入 18 位代码查询。",
        "Do not open it nor rely on that licence; type the 18-character code.",
    ),
    "PARAMETER_REPEATED": (
        "二维码里有不止一个代码，无法确定是哪一个，已拒绝处理。",
        "The code names more than one enterprise; it was refused.",
        "请输入营业执照上的 18 位代码查询。",
        "Type the 18-character code on the business licence.",
    ),
    "CHECK_DIGIT_WRONG": (
        "统一社会信用代码的校验码不对，代码有误。",
        "The check digit of the credit code is wrong, so the code is mistaken.",
        "请对照营业执照重新输入。",
        "Type it again from the business licence.",
    ),
    "CODE_LENGTH_WRONG": (
        "统一社会信用代码应为 18 位，这里是 {length} 位。",
        "A credit code has 18 characters; this one has {length}.",
        "请对照营业执照重新输入。",
        "Type it again from the business licence.",
    ),
    "SESSION_CODE": (
        "这是 2016 至 2018 年的旧式二维码，里面没有统一社会信用代码。",
        "This is an old code of 2016 to 2018; it holds no credit code.",
        "请输入营业执照上的 18 位代码查询。",
        "Type the 18-character code on the business licence.",
    ),
}

REASONS: dict[str, Reason] = {code: Reason(code, *texts) for code, texts in _TABLE.items()}
"""Every reason by its code; words in braces are filled in by ``reason``."""

_FILLED_IN = frozenset(code for code, texts in _TABLE.items() if any("{" in text for text in texts))


def reason(code: str, **values: object) -> Reason:
    """The reason with this code, ``values`` filled into its sentences.

    KeyError for a code or a value that is missing: a programming error.
    """
    if code not in _FILLED_IN:
        return REASONS[code]
    return Reason(code, *(text.format_map(values) for text in _TABLE[code]))
