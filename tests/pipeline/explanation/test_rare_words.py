from dataclasses import replace

from pipeline.explanation.explainer import Explanation
from pipeline.explanation.page import without_rare_words


def test_a_word_is_known_by_its_own_columns_vocabulary_alone(source, tmp_path):
    for folder, name, words in (
            ("users/transform_fn", "about", "loves\ntrains\n"),
            ("users/transform_fn", "about_me", "jane\n"), ("items/transform_fn", "about", "jane\n"),
            ("model", "about", "loves\ntrains\n"), ("model", "about_1", "jane\n"),
            ("model", "about_me", "jane\n")):
        file = tmp_path / folder / "assets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words)
    explanation = Explanation("ann", "7", "like", "occlusion", {}, [], None, [], {},
                              {"users": {"about": [b"Jane loves trains"]}, "items": {}})
    known = replace(source, model=tmp_path / "model", graphs={
        side: tmp_path / side for side in ("users", "items")})
    for asked, text in ((known, "\u2026 loves trains"),
                        (replace(known, graphs={}), "\u2026 \u2026 \u2026")):
        shown = without_rare_words(explanation, asked).rows["users"]["about"]
        assert [one.decode() for one in shown] == [text]
