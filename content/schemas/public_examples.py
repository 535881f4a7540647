"""Examples of what everybody reads, for the documents."""

from typing import Any

ARTICLE_ID = "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b4a"
TOPIC_ID = "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b4b"
_SITE_ID = "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a"

COVER = {
    "url": "/media/5f0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f.jpg",
    "srcset": [
        {"url": "/media/6a0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f.jpg", "width": 480},
        {"url": "/media/5f0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f.jpg", "width": 1600},
    ],
    "width": 1600,
    "height": 900,
    "alt": "雪后屋顶上的光伏板",
    "source": "本平台绘制",
}
CARD: dict[str, Any] = {
    "id": ARTICLE_ID,
    "kind": "knowledge",
    "kind_name": "知识",
    "title": "长春的冬天，光伏还发电吗",
    "summary": "低温其实对光伏有利，真正的考验是积雪和日照时间。",
    "cover": COVER,
    "pinned": False,
    "published_at": "2026-11-20T08:00:00+08:00",
    "reading_minutes": 3,
    "counts": {"reads": 128, "likes": 16, "favourites": 9},
}
ARTICLES: dict[str, Any] = {"items": [CARD], "next_cursor": None, "suggestions": None}
TOPIC = {
    "id": TOPIC_ID,
    "name": "零碳校园",
    "summary": "近零碳学校怎么建、怎么用。",
    "cover": None,
    "articles": 5,
}
TOPICS: dict[str, Any] = {"items": [TOPIC], "next_cursor": None}
TOPIC_PAGE: dict[str, Any] = {**TOPIC, "items": [CARD], "next_cursor": None}
QUESTION = {
    "id": "q1",
    "text": "气温降低时，晶硅光伏组件的发电效率会怎样？",
    "several": False,
    "options": [{"id": "a", "text": "略有升高"}, {"id": "b", "text": "明显降低"}],
}
ARTICLE: dict[str, Any] = {
    **CARD,
    "audience": "everyone",
    "audience_name": "所有人",
    "byline": "示范区编辑部",
    "source": {"name": "国家能源局", "url": "https://www.nea.gov.cn/"},
    "changed_at": None,
    "topics": [{"id": TOPIC_ID, "name": "零碳校园"}],
    "sites": [{"id": _SITE_ID, "name": "净月潭零碳景区（示例）"}],
    "technologies": ["光伏"],
    "outline": [{"id": "part-0", "level": 2, "text": "低温不是问题", "block": 0}],
    "blocks": [
        {
            "type": "text",
            "nodes": [{"name": "h2", "children": [{"type": "text", "text": "低温不是问题"}]}],
            "block": 0,
        }
    ],
    "html": '<h2 id="part-0">低温不是问题</h2>',
    "text": "低温不是问题",
    "quiz": [QUESTION],
    "related": [],
    "share": {
        "title": "长春的冬天，光伏还发电吗",
        "path": f"pages/article/index?id={ARTICLE_ID}",
        "image_url": "/media/6a0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f.jpg",
    },
    "poster_url": f"/api/v1/articles/{ARTICLE_ID}/poster.png",
}
FAVOURITES: dict[str, Any] = {
    "items": [{"article": CARD, "is_shown": True, "favourited_at": "2026-11-21T12:00:00+08:00"}],
    "next_cursor": None,
}
ATTEMPT_BODY = {"answers": {"q1": ["a"]}}
ATTEMPT: dict[str, Any] = {
    "taken_at": "2026-11-21T12:05:00+08:00",
    "right_answers": 1,
    "questions": 1,
    "answers": [
        {
            **QUESTION,
            "chosen": ["a"],
            "right": ["a"],
            "is_right": True,
            "explanation": "晶硅组件温度每降 1 ℃，功率约升 0.3%～0.4%。",
        }
    ],
}
MINE: dict[str, Any] = {"read_today": True, "liked": False, "favourited": True, "quiz": ATTEMPT}
REACTION = {"read_today": True, "liked": True, "favourited": False}
FOLLOWED = {"topic_id": TOPIC_ID, "following": True}
