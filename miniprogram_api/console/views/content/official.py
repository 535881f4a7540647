"""Beginning anew with an article that did not get into the official account, or nobody knows whether."""

from flask import url_for
from werkzeug.wrappers import Response

from content.errors import OfficialNotOpen
from content.service import OfficialState, official
from content.service.managed import get_managed_article, lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms import ConsoleForm
from miniprogram_api.console.pages import done, showing_refusals
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.schemas import parse_id

_PUBLISH = "content.publish"
_LOOK_FIRST = "上次不确定是否送达。请先到公众号后台的草稿箱和发表记录核对，已经有了就不要再送，以免重复。"


@console.route("/content/articles/<string:article_id>/official", methods=["GET", "POST"])
@signed_in(_PUBLISH)
def send_official_again(article_id: str) -> Response:
    """After a look there: send it once more."""
    principal = current_principal()
    with reading() as session:
        article = get_managed_article(session, principal, _PUBLISH, parse_id(article_id))
        post = official.find_open(session, article.id)
    if post is None:
        raise OfficialNotOpen
    back = url_for("console.show_article", article_id=article.id)
    form = ConsoleForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                lock_managed_article(session, principal, _PUBLISH, article.id)
                taken = official.send_again(session, post.id, actor=current_actor(), now=clock.now())
            if not taken:
                return done(back, "这一版已不再展示，没有送往公众号。")
            return done(back, "已重新排队，几分钟内送往公众号。")
    about = ["会在公众号里新建一篇草稿，不会改动那里已有的内容。"]
    if post.state is OfficialState.UNKNOWN:
        about.insert(
            0,
            "上次不确定是否送达。请先到公众号后台的草稿箱和发表记录核对，已经有了就不要再送，以免出现两篇。",
        )
    act = Act(f"再次送往公众号：《{article.title}》", about, "再送一次", back, topic="content-publish")
    return act_page(act, form)
