"""Which characters can be set, how wide they are, and what a subset holds."""

from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents.face import FaceError
from gateway.documents.fonts import BODY, LABEL, TITLE, FontLibrary
from tests.unit.documents.faces import ASSETS, fonts

RARE_NAMES = (
    "𠅤𠙶𣲘𣸣𤧛𥔲𦭜𧿹𨐈𨺙𩽾𪟝𪣻𪨰𪩘𫄨𫄷𫌀𫍣𫍯𫍲𫍽𫐄𫐐𫐓𫑡𫓧𫓯𫓶𫓹𫔍𫔎𫔶𫖮𫖯𫖳𫗧𫗴𫘜𫘝𫘦𫘧𫘨𫘪𫘬𫚕𫚖𫚭"
    "𫛭𫞩𫟅𫟦𫟹𫟼𫠆𫠊𫠜𫢸𫫇𫭟𫭢𫭼𫮃𫰛𫵷𫶇𫷷𫸩𬀩𬀪𬂩𬃊𬇕𬇙𬇹𬉼𬊈𬊤𬌗𬍛𬍡𬍤𬒈𬒔𬒗𬕂𬘓𬘘𬘡𬘩𬘫𬘬𬘭𬘯𬙂𬙊"
    "𬙋𬜬𬜯𬞟𬟁𬟽𬣙𬣞𬣡𬣳𬤇𬤊𬤝𬨂𬨎𬩽𬪩𬬩𬬭𬬮𬬱𬬸𬬹𬬻𬬿𬭁𬭊𬭎𬭚𬭛𬭤𬭩𬭬𬭯𬭳𬭶𬭸𬭼𬮱𬮿𬯀𬯎𬱖𬱟𬳵𬳶𬳽𬳿"
    "𬴂𬴃𬴊𬶋𬶍𬶏𬶐𬶟𬶠𬶨𬶭𬶮𬷕𬸘𬸚𬸣𬸦𬸪𬹼𬺈𬺓"
)
"""Characters beyond the BMP of the 通用规范汉字表 (2013), which names may be written with."""


@pytest.mark.parametrize("role", [BODY, TITLE, LABEL])
def test_every_character_of_the_standards_can_be_set(role):
    gb2312 = [bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    unified = [chr(code) for code in (*range(0x3400, 0x4DB6), *range(0x4E00, 0x9FF0))]
    marks = "０１９ＡＺａｚ（）〔〕［］【】《》、，。；：？！“”‘’—…·～％℃㎡×±≤≥＞＜①⑩ⅠⅫ〇"
    text = "".join(gb2312) + "".join(unified) + RARE_NAMES + marks
    assert fonts().width(text, role) > 25_000


@pytest.mark.parametrize("character", ["\u0e01", "\U0001f600", "\u202e", "\x00", "\ufe00", "\U0002ffff"])
def test_a_character_that_no_font_has_is_named(character):
    with pytest.raises(FaceError, match=f"U\\+{ord(character):04X}"):
        fonts().runs(f"甲{character}", BODY)


def test_a_character_of_another_role_borrows_its_face():
    only_serif = next(
        chr(code)
        for code in range(0x20, 0xFFFF)
        if fonts()._choices[BODY]._candidates[0].advances[chr(code)] is not None
        and fonts()._choices[LABEL]._candidates[0].advances[chr(code)] is None
    )
    runs = fonts().runs(f"甲{only_serif}乙", LABEL)
    assert [text for _, text in runs] == ["甲", only_serif, "乙"]
    assert [face.name for face, _ in runs] == ["NotoSansSC-Regular", "NotoSerifSC-Regular", "NotoSansSC-Regular"]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from("阳江市江城区0123456789ABCabc，（）〔〕" + RARE_NAMES), min_size=1))
def test_a_subset_has_these_glyphs_and_their_widths(characters):
    face, _ = fonts().runs("阳", BODY)[0]
    subset = face.subset(frozenset(characters))
    program = TTFont(BytesIO(subset.program))
    assert set(subset.glyphs) == characters
    order = program.getGlyphOrder()
    for character, glyph in subset.glyphs.items():
        assert glyph > 0
        assert program["hmtx"][order[glyph]][0] == subset.advances[character] == face.advances[character]
        assert program["glyf"][order[glyph]].numberOfContours != 0
    parts = sum(len(program["glyf"][name].components) for name in order if program["glyf"][name].isComposite())
    assert len(order) <= 1 + len(characters) + parts


def test_widths_are_in_em():
    assert fonts().width("阳江", BODY) == 2
    assert 0.4 < fonts().width("0", LABEL) < 0.7


def test_equal_subsets_are_made_once():
    face, _ = fonts().runs("阳", LABEL)[0]
    assert fonts().subset(face, frozenset("阳江")) is fonts().subset(face, frozenset("江阳"))


def test_fonts_that_are_not_built_are_named(tmp_path):
    with pytest.raises(FaceError) as caught:
        FontLibrary(tmp_path)
    assert caught.value.hint == "Run: make setup"
    assert FontLibrary(ASSETS).width("阳", TITLE) == 1
