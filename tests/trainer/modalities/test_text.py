import pytest
import tensorflow as tf

from trainer.modalities.text.words import words


@pytest.mark.parametrize(("text", "expected"), [
    ("Ein Zimmer, 三国", ["ein", "zimmer", "三", "国"]),
    ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
    ("ひらがな", ["ひ", "ら", "が", "な"]),
    ("ÉCOLE Straße naïve", ["école", "straße", "naïve"]),
    ("cafe\u0301", ["cafe\u0301"]),  # a combining accent stays with its letter
    ("Война и мир", ["война", "и", "мир"]),
    ("it's 1999; (really)... ok?!", ["it", "s", "1999", "really", "ok"]),
    ("a三b", ["a", "三", "b"]),
    ("  two \t\n lines ", ["two", "lines"]),
    ("", []),
    ("…!?—", []),
    ("🙂", []),
])
def test_words(text, expected):
    result = words(tf.constant([text.encode("utf-8")]))
    assert [word.decode("utf-8") for word in result.to_list()[0]] == expected


def test_invalid_bytes_are_replaced_and_rows_stay_apart():
    result = words(tf.constant([b"good \xff\xfe bad\xc3", b"", b"next"]))
    assert result.to_list() == [[b"good", b"bad"], [], [b"next"]]
