"""Texts of what can go wrong for those who read."""

MESSAGES = {
    "content.no_quiz": ("这篇文章没有知识问答。", "There are no questions on this article."),
    "content.quiz_taken_today": (
        "今天已经答过这篇文章的问答，明天可以再答一次。",
        "You answered these questions today; you can answer them again tomorrow.",
    ),
}
