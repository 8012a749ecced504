"""The names of charsets as mail writes them, and the codec that reads what senders mean.

Only what stands here is ever handed to a codec: Python's own hold ciphers, compressors and an
interpreter of escapes. Read ``charset`` next.
"""

from __future__ import annotations

import re
from typing import Final

NAME_CHARS_MAX: Final = 100

# Names as mail writes them, without case and punctuation, and the codec that reads what senders
# mean by them: a smaller set under a label is read as the superset that is really used.
CODECS: Final = {
    "ascii": "us-ascii",
    "usascii": "us-ascii",
    "ansix341968": "us-ascii",
    "ansix341986": "us-ascii",
    "isoir6": "us-ascii",
    "646": "us-ascii",
    "iso646us": "us-ascii",
    "utf8": "utf-8",
    "unicode11utf8": "utf-8",
    "65001": "utf-8",
    "cp65001": "utf-8",
    "utf7": "utf-7",
    "unicode11utf7": "utf-7",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "ucs2": "utf-16",
    "cp1200": "utf-16-le",
    "iso10646ucs2": "utf-16-be",
    "utf32": "utf-32",
    "utf32le": "utf-32-le",
    "utf32be": "utf-32-be",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso88591": "cp1252",
    "88591": "cp1252",
    "ansi": "cp1252",
    "cp819": "cp1252",
    "latin2": "iso8859-2",
    "isoir100": "cp1252",
    "isoir101": "iso8859-2",
    "latin3": "iso8859-3",
    "isoir109": "iso8859-3",
    "latin4": "iso8859-4",
    "isoir110": "iso8859-4",
    "isoir144": "iso8859-5",
    "asmo708": "iso8859-6",
    "isoir127": "iso8859-6",
    "isoir126": "iso8859-7",
    "isoir138": "iso8859-8",
    "visual": "iso8859-8",
    "logical": "iso8859-8",
    "isoir148": "cp1254",
    "latin6": "iso8859-10",
    "isoir157": "iso8859-10",
    "latin7": "iso8859-13",
    "latin8": "iso8859-14",
    "latin9": "iso8859-15",
    "latin10": "iso8859-16",
    "iso88599": "cp1254",
    "latin5": "cp1254",
    "iso885911": "cp874",
    "tis620": "cp874",
    "tis6202533": "cp874",
    "windows874": "cp874",
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "euccn": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "windows936": "gb18030",
    "xgbk": "gb18030",
    "ms936": "gb18030",
    "eucgb2312cn": "gb18030",
    "gb180302000": "gb18030",
    "gb180302005": "gb18030",
    "gb18030": "gb18030",
    "chinese": "gb18030",
    "hzgb2312": "hz",
    "hz": "hz",
    "big5": "cp950",
    "big5hkscs": "big5hkscs",
    "cnbig5": "cp950",
    "xxbig5": "cp950",
    "cp950": "cp950",
    "windows950": "cp950",
    "ms950": "cp950",
    "big5hkscs2004": "big5hkscs",
    "euctw": "big5hkscs",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "euckr": "cp949",
    "cp949": "cp949",
    "uhc": "cp949",
    "windows949": "cp949",
    "ms949": "cp949",
    "cp51949": "cp949",
    "xwindows949": "cp949",
    "korean": "cp949",
    "johab": "johab",
    "iso2022kr": "iso2022_kr",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "mskanji": "cp932",
    "windows31j": "cp932",
    "cswindows31j": "cp932",
    "xmscp932": "cp932",
    "ms932": "cp932",
    "shiftjisx0213": "shift_jisx0213",
    "shiftjis2004": "shift_jis_2004",
    "eucjis2004": "euc_jis_2004",
    "eucjpms": "euc_jp",
    "cp932": "cp932",
    "eucjp": "euc_jp",
    "xeucjp": "euc_jp",
    "iso2022jp": "iso2022_jp_ext",
    "iso2022jp1": "iso2022_jp_ext",
    "iso2022jp2": "iso2022_jp_2",
    "iso2022jp3": "iso2022_jp_3",
    "iso2022jp2004": "iso2022_jp_2004",
    "iso2022jpms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "koi8r": "koi8-u",
    "koi8": "koi8-u",
    "cskoi8r": "koi8-u",
    "xkoi8r": "koi8-u",
    "koi8u": "koi8-u",
    "koi8ru": "koi8-u",
    "koi8t": "koi8-t",
    "cp866": "cp866",
    "ibm866": "cp866",
    "dos866": "cp866",
    "cp1125": "cp1125",
    "ptcp154": "ptcp154",
    "kz1048": "kz1048",
    "cp720": "cp720",
    "macgreek": "mac-greek",
    "macturkish": "mac-turkish",
    "macintosh": "mac-roman",
    "mac": "mac-roman",
    "macroman": "mac-roman",
    "xmacroman": "mac-roman",
    "xmaccyrillic": "mac-cyrillic",
    "maccyrillic": "mac-cyrillic",
    "xmacce": "mac-latin2",
    "iso88598i": "iso8859-8",
    "iso88598e": "iso8859-8",
    "iso88596i": "iso8859-6",
    "hebrew": "iso8859-8",
    "greek": "iso8859-7",
    "arabic": "iso8859-6",
    "cyrillic": "iso8859-5",
    "viscii": "cp1258",
    "tcvn": "cp1258",
    "nextstep": "cp1252",
    "hproman8": "hp-roman8",
    "xuserdefined": "",
    "unknown": "",
    "unknown8bit": "",
    "default": "",
    "binary": "",
    "none": "",
}
# ``windows-1251`` in all its spellings, and with what broken HTML has left behind it.
_FAMILY: Final = re.compile(
    r"(?:x|cs)?(iso8859|windows|win|cp|ibm|dos|cswindows)(\d{1,5})(?:[a-z]{2}.*)?\Z"
)
_PAGES: Final = frozenset(
    "437 737 775 850 852 855 856 857 858 860 861 862 863 864 865 866 869 874 932 949 950 1006 "
    "1125 1250 1251 1252 1253 1254 1255 1256 1257 1258".split()
)
ISO_PARTS: Final = frozenset(str(number) for number in range(1, 17) if number != 12)
_YEAR: Final = re.compile(r":(?:19|20)\d\d$")  # ISO_8859-1:1987
_NOT_NAME: Final = re.compile(r"[^a-z0-9]")


def codec_from(name: str) -> str | None:
    """The codec for a charset name of a mail, None if the name is not one we trust."""
    key = _NOT_NAME.sub("", _YEAR.sub("", name.lower()[:NAME_CHARS_MAX]))
    if key in CODECS:
        return CODECS[key] or None
    if "utf8" in key or key in _PAGES:
        return "utf-8" if "utf8" in key else f"cp{key}"
    family = _FAMILY.match(key)
    if not family:
        return None
    kind, number = family.groups()
    if kind == "iso8859":
        return f"iso8859-{number}" if number in ISO_PARTS else None
    return f"cp{number}" if number in _PAGES else None
