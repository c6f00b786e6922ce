"""python3 -m unittest discover -s tests/eval"""

import json
import tempfile
import unittest
from pathlib import Path

import corpora
import scoring


class Scoring(unittest.TestCase):
    def test_a_perfect_ranking_scores_one(self):
        figures = scoring.measure({"a", "b"}, ["a", "b", "c"])
        self.assertEqual(figures["recall@1"], 0.5)
        self.assertEqual([figures[m] for m in ("recall@5", "mrr@10", "ndcg@10")], [1, 1, 1])

    def test_later_places_count_less_and_repetitions_do_not_count(self):
        figures = scoring.measure({"b"}, ["a", "a", "a", "b"])
        self.assertEqual(figures["mrr@10"], 0.5)
        self.assertAlmostEqual(figures["ndcg@10"], 0.6309, 4)
        self.assertEqual((figures["recall@1"], figures["recall@5"]), (0, 1))

    def test_past_the_cut_is_not_found(self):
        figures = scoring.measure({"z"}, [*"abcdefghijz"])
        self.assertEqual([figures[m] for m in ("recall@10", "recall@20", "mrr@10")], [0, 1, 0])

    def test_a_question_without_an_answer_in_the_run_counts_as_nothing(self):
        ask = lambda id: corpora.Question(id, "?", frozenset("a"), "easy")
        corpus = corpora.Corpus("set", "set", [], [ask("1"), ask("2")])
        scores = scoring.score([corpus], {"1": ["a"]})
        self.assertEqual(scores["set", None][0], 2)
        self.assertEqual(scores["set", "easy"][1]["recall@1"], 0.5)


class Corpora(unittest.TestCase):
    def folder(self, corpus, queries):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for name, lines in (("corpus", corpus), ("queries", queries)):
            folder = Path(directory.name) / "chats" / "one"
            folder.mkdir(parents=True, exist_ok=True)
            text = "\n".join(json.dumps(line) for line in lines)
            (folder / f"{name}.jsonl").write_text(text)
        return directory.name

    def test_a_turn_of_a_chat_keeps_its_place(self):
        meta = {"speaker": "Ann", "date": "2023-05-08T13:56:00", "session": 3, "turn": 7}
        root = self.folder([{"id": "t", "text": "Hi", "meta": meta}],
                           [{"id": "q", "text": "Who?", "relevant": ["t"]}])
        (corpus,) = corpora.load(root)
        self.assertEqual((corpus.dataset, corpus.name), ("chats", "chats/one"))
        self.assertEqual(corpus.memories, [{
            "external_id": "t", "content": "Hi", "metadata": meta, "speaker": "Ann",
            "occurred_at": "2023-05-08T13:56:00", "thread": "3", "sequence": 7,
        }])

    def test_what_is_wrong_is_said(self):
        text = [{"id": "t", "text": "Hi"}]
        for queries in ([{"id": "q", "text": "?", "relevant": ["other"]}],
                        [{"id": "q", "text": "?", "relevant": []}],
                        [{"id": "q", "relevant": ["t"]}],
                        [{"id": "q", "text": "?", "relevant": ["t"]}] * 2):
            with self.assertRaises(corpora.BadData):
                corpora.load(self.folder(text, queries))


if __name__ == "__main__":
    unittest.main()
