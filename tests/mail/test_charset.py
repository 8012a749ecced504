"""Bytes become the text their writer saw, whatever the label says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.mail.charset import Rung, charset_in_html, clean, text_from
from mailtrack.mail.charset_names import CODECS, codec_from

RUSSIAN = "Принтер не печатает, помогите"
UKRAINIAN = "Їжак і ґудзик"
CHINESE = "朱镕基"


@pytest.mark.parametrize(
    ("text", "codec", "label", "rung"),
    [
        ("plain", "ascii", None, Rung.DECLARED),
        (RUSSIAN, "cp1251", "windows-1251", Rung.DECLARED),
        (RUSSIAN, "cp1251", "cp-1251", Rung.DECLARED),
        (RUSSIAN, "cp1251", "X-CP1251", Rung.DECLARED),
        (RUSSIAN, "koi8-r", "KOI8-R", Rung.DECLARED),
        (UKRAINIAN, "koi8-u", "koi8-r", Rung.DECLARED),
        (RUSSIAN, "utf-8", "utf-8", Rung.DECLARED),
        (RUSSIAN, "utf-8", None, Rung.UTF8),
        (RUSSIAN, "utf-8", "us-ascii", Rung.UTF8),
        (RUSSIAN, "utf-8", "koi8-r", Rung.UTF8),
        (RUSSIAN, "cp1251", "utf-8", Rung.DETECTED),
        (RUSSIAN, "cp1251", None, Rung.DETECTED),
        (RUSSIAN, "koi8-r", "x-unknown", Rung.DETECTED),
        (CHINESE, "gb18030", "gb2312", Rung.DECLARED),
        ("中文 ok", "hz", "hz-gb-2312", Rung.DECLARED),
        ("При", "utf-7", "utf-7", Rung.DECLARED),
        ("日本語", "iso2022_jp", "iso-2022-jp", Rung.DECLARED),
        ("日本語", "iso2022_jp", None, Rung.DETECTED),
        ("①日本", "cp932", "shift_jis", Rung.DECLARED),
        ("한국어", "cp949", "ks_c_5601-1987", Rung.DECLARED),
        ("naïve – 5€", "cp1252", "iso-8859-1", Rung.DECLARED),
        ("naïve – 5€", "cp1252", None, Rung.DETECTED),
        ("Det här är en rad", "cp1252", "utf-8", Rung.REPLACED),
        ("Très bien, merci à vous", "cp1252", None, Rung.REPLACED),
        ("Perché così, però", "cp1252", None, Rung.DETECTED),
        ("© 2020", "cp1252", None, Rung.REPLACED),
        ("Proszę, już dziękuję", "cp1250", None, Rung.DETECTED),
        ("Příliš žluťoučký kůň", "cp1250", None, Rung.DETECTED),
        ("Şu çalışmıyor", "cp1254", None, Rung.DETECTED),
        ("Сервер SIP не отвечает", "cp866", None, Rung.DETECTED),
        ("שלום עולם, מה שלומך היום?", "cp1255", None, Rung.DETECTED),
        ("été", "utf-16", "utf-16", Rung.DECLARED),
    ],
)
def test_text_is_what_its_writer_saw(text, codec, label, rung):
    decoded = text_from(text.encode(codec), label)
    assert decoded.text == text
    assert decoded.rung is rung


def test_japanese_of_vendors_is_read_although_the_standard_has_no_such_row():
    assert text_from(b"\x1b$B'('%-b\x1b(B41", "iso-2022-jp").text == "ЖД№41"


@pytest.mark.parametrize("pairs", [b"\x7f\xff\xff", b"~~", b"!", b"\r\n!!", bytes(range(256))])
def test_broken_japanese_of_vendors_is_still_some_text(pairs):
    assert text_from(b"\x1b$B" + pairs + b"\x1b(B", "iso-2022-jp").text is not None


@given(st.binary(max_size=60), st.sampled_from(sorted(set(CODECS.values()))))
def test_any_bytes_under_any_label_are_text(content, label):
    text = text_from(content, label).text
    assert "\0" not in text
    text.encode()


def test_a_single_byte_label_is_overruled_by_several_letters_but_not_by_one():
    assert text_from("Größe für Ähre".encode(), "iso-8859-1").text == "Größe für Ähre"
    assert text_from("Â".encode(), "iso-8859-1").text == "Ã‚"


def test_one_broken_character_does_not_send_a_whole_text_to_the_detector():
    content = (RUSSIAN * 4).encode()
    broken = content[:40] + b"\xd0" + content[40:]
    decoded = text_from(broken, "utf-8")
    assert decoded.rung is Rung.REPLACED
    assert decoded.text.replace("\ufffd", "") == RUSSIAN * 4


def test_plain_ascii_keeps_no_nul():
    assert text_from(b"a\0b").text == "ab"


def test_a_hint_of_the_same_mail_comes_before_any_guess():
    content = "тест".encode("cp1251")
    assert text_from(content, hint="windows-1251").text == "тест"
    assert text_from("тест".encode("koi8-r"), hint="koi8-r").text == "тест"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("ISO_8859-1:1987", "cp1252"),
        ("iso-ir-101", "iso8859-2"),
        ("latin-7", "iso8859-13"),
        ("en_US.UTF-8", "utf-8"),
        ("utf8_unicode_ci", "utf-8"),
        ("65001", "utf-8"),
        ("1251", "cp1251"),
        ("x-windows-1251", "cp1251"),
        ("cp1252http-equivContent-Type", "cp1252"),
        ("csKOI8R", "koi8-u"),
        ("ms949", "cp949"),
        ("GB18030-2000", "gb18030"),
        ("iso-8859-99", None),
        ("cp99999", None),
    ],
)
def test_a_charset_is_known_by_all_names_that_mail_gives_it(name, codec):
    assert codec_from(name) == codec


def test_every_codec_of_the_table_exists():
    for codec in set(CODECS.values()) - {""}:
        b"".decode(codec)


@pytest.mark.parametrize(
    "name", ["rot13", "zlib", "idna", "unicode_escape", "\0", "", "punycode", "base64", "hex"]
)
def test_a88_names_that_are_no_charset_reach_no_codec(name):
    assert codec_from(name) is None
    assert text_from(b"h\xe9llo", name).text == "héllo"


def test_text_has_no_nul_no_surrogate_and_is_composed():
    assert clean("e\u0301\0\ud800") == "é\ufffd"
    assert "\ud83d" not in text_from(b"\x3d\xd8", "utf-16-le").text


def test_a_byte_order_mark_is_no_text():
    assert text_from(b"\xef\xbb\xbfhello", "utf-8").text == "hello"


@pytest.mark.parametrize(
    ("html", "charset"),
    [
        (b'<meta charset="windows-1251">', "windows-1251"),
        (b"<META http-equiv=x content='text/html; charset = koi8-r'>", "koi8-r"),
        (b"<p>charset=koi8-r</p>", ""),
    ],
)
def test_html_names_its_charset(html, charset):
    assert charset_in_html(html) == charset
