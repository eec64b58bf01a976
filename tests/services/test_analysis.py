"""Text is cut into the same words everywhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import analysis
from services.analysis import TERM_LENGTH, analyse, analyse_with_forms, language_of


def test_latin_words_are_lowered_stemmed_and_without_stop_words() -> None:
    assert analyse("The Recycling of BATTERIES and recycled battery packs") == [
        "recycl",
        "batteri",
        "recycl",
        "batteri",
        "pack",
    ]


def test_full_width_letters_are_the_letters_they_look_like() -> None:
    assert analyse("ＰＬＡ　ｆｉｌｍ") == analyse("PLA film")


def test_chinese_is_cut_into_words_and_words_inside_them() -> None:
    words = analyse("抗微生物整理剂")

    assert "微生物" in words
    assert all(len(word) > 1 for word in words)


def test_characters_left_single_are_joined_with_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "_cut", lambda run: [*run[:3], run[3:]])

    assert analyse("甲乙丙织物") == ["甲乙", "乙丙", "织物"]


def test_without_a_segmenter_pairs_of_characters_are_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "_cut", None)

    assert analyse("织造业 A4") == ["织造", "造业", "a4"]


def test_a_word_is_known_by_its_stem_and_shown_as_it_was_written() -> None:
    assert analyse_with_forms("Recycling PET") == [("recycl", "Recycling"), ("pet", "PET")]


def test_one_character_alone_is_no_word() -> None:
    assert analyse("a 的 x 7") == []


@given(st.text(max_size=300))
def test_any_text_gives_words_that_fit_the_index_and_the_same_ones_again(text: str) -> None:
    words = analyse(text)

    assert all(0 < len(word) <= TERM_LENGTH for word in words)
    assert analyse(text) == words
    assert not any({"\0", "_", " "} & set(word) for word in words)


def test_threads_stem_alike() -> None:
    texts = [f"weaving mills number {number} recycling batteries electrically driven" for number in range(50)]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(analyse, texts))

    assert found == [analyse(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "language"),
    [("废旧电池 recycling", "zh"), ("battery recycling", "en"), ("", "en"), ("1234", "en"), ("MODIS 波段", "zh")],
)
def test_the_language_follows_from_the_script(text: str, language: str) -> None:
    assert language_of(text) == language
