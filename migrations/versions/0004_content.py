"""content"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_library()
    _add_articles()
    _add_reviews()
    _add_reading()
    _add_pushes()
    _add_feedback()
    _allow_one_sending()


def downgrade() -> None:
    op.drop_index('ix_messaging_deliveries_one_at_once', table_name='messaging_deliveries')
    _drop_feedback()
    _drop_pushes()
    _drop_reading()
    _drop_reviews()
    _drop_articles()
    _drop_library()


# Messages: one at a time to each person.


def _allow_one_sending() -> None:
    # Whoever was sending is gone while this runs: it may have arrived, and is never sent again.
    op.execute("UPDATE messaging_deliveries SET state = 'unknown', outcome = 'abandoned' WHERE state = 'sending'")
    sending = sa.text("state = 'sending'")
    op.create_index('ix_messaging_deliveries_one_at_once', 'messaging_deliveries', ['member_id'], unique=True, sqlite_where=sending, postgresql_where=sending)


# The library: pictures and word lists.


def _add_library() -> None:
    op.create_table(
        'content_words',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('list', sa.Enum('wrong', 'sensitive', name='wordlist', native_enum=False, length=32), nullable=False),
        sa.Column('word', sa.String(length=40), nullable=False),
        sa.Column('suggestion', sa.String(length=40), nullable=True),
        sa.Column('note', sa.String(length=120), nullable=True),
        sa.Column('from_version', sa.Integer(), nullable=False),
        sa.Column('until_version', sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_words'))
    )
    op.create_index('uq_content_words_listed', 'content_words', ['list', 'word'], unique=True, sqlite_where=sa.text('until_version IS NULL'), postgresql_where=sa.text('until_version IS NULL'))
    op.create_table(
        'content_assets',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('organisation_id', sa.Uuid(), nullable=True),
        sa.Column('site_id', sa.Uuid(), nullable=True),
        sa.Column('file_name', sa.String(length=40), nullable=False),
        sa.Column('media_type', sa.String(length=20), nullable=False),
        sa.Column('width', sa.Integer(), nullable=False),
        sa.Column('height', sa.Integer(), nullable=False),
        sa.Column('size_bytes', sa.Integer(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('sizes', sa.JSON(), nullable=False),
        sa.Column('title', sa.String(length=60), nullable=False),
        sa.Column('alt', sa.String(length=120), nullable=False),
        sa.Column('source', sa.String(length=120), nullable=False),
        sa.Column('licence', sa.String(length=60), nullable=False),
        sa.Column('uploaded_by', sa.Uuid(), nullable=False),
        sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['organisation_id'], ['identity_organisations.id'], name=op.f('fk_content_assets_organisation_id')),
        sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_content_assets_site_id')),
        sa.ForeignKeyConstraint(['uploaded_by'], ['identity_staff.id'], name=op.f('fk_content_assets_uploaded_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_assets')),
        sa.UniqueConstraint('file_name', name=op.f('uq_content_assets_file_name'))
    )
    op.create_index(op.f('ix_content_assets_newest'), 'content_assets', ['uploaded_at', 'id'])
    op.create_index(op.f('ix_content_assets_organisation_id'), 'content_assets', ['organisation_id'])
    op.create_index(op.f('ix_content_assets_retired_at'), 'content_assets', ['retired_at'])
    op.create_index(op.f('ix_content_assets_site_id'), 'content_assets', ['site_id'])
    op.create_index(op.f('ix_content_assets_uploaded_by'), 'content_assets', ['uploaded_by'])
    op.create_table(
        'content_word_versions',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('list', sa.Enum('wrong', 'sensitive', name='wordlist', native_enum=False, length=32), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('change', sa.String(length=120), nullable=False),
        sa.Column('changed_by', sa.Uuid(), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['changed_by'], ['identity_staff.id'], name=op.f('fk_content_word_versions_changed_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_word_versions')),
        sa.UniqueConstraint('list', 'number', name=op.f('uq_content_word_versions_list_number'))
    )
    op.create_index(op.f('ix_content_word_versions_changed_by'), 'content_word_versions', ['changed_by'])


def _drop_library() -> None:
    op.drop_table('content_word_versions')
    op.drop_table('content_assets')
    op.drop_table('content_words')


# Articles, their revisions and plans.


def _add_articles() -> None:
    op.create_table(
        'content_articles',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('organisation_id', sa.Uuid(), nullable=True),
        sa.Column('site_id', sa.Uuid(), nullable=True),
        sa.Column('owner_id', sa.Uuid(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('edited_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('latest_number', sa.Integer(), nullable=False),
        sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('standing', sa.Enum('draft', 'live', 'retracted', 'expired', name='standing', native_enum=False, length=32), nullable=False),
        sa.Column('live_revision_id', sa.Uuid(), nullable=True),
        sa.Column('title', sa.String(length=64), nullable=False),
        sa.Column('kind', sa.Enum('knowledge', 'news', 'technology', name='articlekind', native_enum=False, length=32), nullable=False),
        sa.Column('summary', sa.String(length=120), nullable=False),
        sa.Column('cover_asset_id', sa.Uuid(), nullable=True),
        sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('pinned', sa.Boolean(), nullable=False),
        sa.Column('pinned_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('retracted_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('retract_reason', sa.String(length=200), nullable=True),
        sa.CheckConstraint("standing <> 'live' OR live_revision_id IS NOT NULL", name=op.f('ck_content_articles_live_shows_a_revision')),
        sa.CheckConstraint("standing <> 'live' OR published_at IS NOT NULL", name=op.f('ck_content_articles_live_since_when')),
        sa.ForeignKeyConstraint(['cover_asset_id'], ['content_assets.id'], name=op.f('fk_content_articles_cover_asset_id')),
        sa.ForeignKeyConstraint(['organisation_id'], ['identity_organisations.id'], name=op.f('fk_content_articles_organisation_id')),
        sa.ForeignKeyConstraint(['owner_id'], ['identity_staff.id'], name=op.f('fk_content_articles_owner_id')),
        sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_content_articles_site_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_articles'))
    )
    op.create_index(op.f('ix_content_articles_cover_asset_id'), 'content_articles', ['cover_asset_id'])
    op.create_index(op.f('ix_content_articles_deleted_at'), 'content_articles', ['deleted_at'])
    op.create_index(op.f('ix_content_articles_desk'), 'content_articles', ['edited_at', 'id'])
    op.create_index(op.f('ix_content_articles_expiring'), 'content_articles', ['expires_at'], postgresql_where=sa.text('expires_at IS NOT NULL'))
    op.create_index(op.f('ix_content_articles_feed'), 'content_articles', ['standing', 'pinned', 'published_at', 'id'])
    op.create_index(op.f('ix_content_articles_feed_of_kind'), 'content_articles', ['standing', 'kind', 'pinned', 'published_at', 'id'])
    op.create_index(op.f('ix_content_articles_organisation_id'), 'content_articles', ['organisation_id'])
    op.create_index(op.f('ix_content_articles_owner_id'), 'content_articles', ['owner_id'])
    op.create_index(op.f('ix_content_articles_pinned'), 'content_articles', ['pinned_until'], postgresql_where=sa.text('pinned_until IS NOT NULL'))
    op.create_index(op.f('ix_content_articles_site_id'), 'content_articles', ['site_id'])
    op.create_table(
        'content_topics',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=20), nullable=False),
        sa.Column('summary', sa.String(length=120), nullable=False),
        sa.Column('cover_asset_id', sa.Uuid(), nullable=True),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['cover_asset_id'], ['content_assets.id'], name=op.f('fk_content_topics_cover_asset_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_topics')),
        sa.UniqueConstraint('name', name=op.f('uq_content_topics_name'))
    )
    op.create_index(op.f('ix_content_topics_cover_asset_id'), 'content_topics', ['cover_asset_id'])
    op.create_table(
        'content_article_sites',
        sa.Column('site_id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_article_sites_article_id')),
        sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_content_article_sites_site_id')),
        sa.PrimaryKeyConstraint('site_id', 'article_id', name=op.f('pk_content_article_sites'))
    )
    op.create_index(op.f('ix_content_article_sites_article_id'), 'content_article_sites', ['article_id'])
    op.create_table(
        'content_asset_uses',
        sa.Column('asset_id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_asset_uses_article_id')),
        sa.ForeignKeyConstraint(['asset_id'], ['content_assets.id'], name=op.f('fk_content_asset_uses_asset_id')),
        sa.PrimaryKeyConstraint('asset_id', 'article_id', name=op.f('pk_content_asset_uses'))
    )
    op.create_index(op.f('ix_content_asset_uses_article_id'), 'content_asset_uses', ['article_id'])
    op.create_table(
        'content_locks',
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('staff_id', sa.Uuid(), nullable=False),
        sa.Column('tab', sa.String(length=40), nullable=False),
        sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_locks_article_id')),
        sa.ForeignKeyConstraint(['staff_id'], ['identity_staff.id'], name=op.f('fk_content_locks_staff_id')),
        sa.PrimaryKeyConstraint('article_id', name=op.f('pk_content_locks'))
    )
    op.create_index(op.f('ix_content_locks_staff_id'), 'content_locks', ['staff_id'])
    op.create_table(
        'content_placements',
        sa.Column('topic_id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_placements_article_id')),
        sa.ForeignKeyConstraint(['topic_id'], ['content_topics.id'], name=op.f('fk_content_placements_topic_id')),
        sa.PrimaryKeyConstraint('topic_id', 'article_id', name=op.f('pk_content_placements'))
    )
    op.create_index(op.f('ix_content_placements_article_id'), 'content_placements', ['article_id'])
    op.create_table(
        'content_revisions',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('content_hash', sa.String(length=64), nullable=False),
        sa.Column('title', sa.String(length=64), nullable=False),
        sa.Column('summary', sa.String(length=120), nullable=False),
        sa.Column('body', sa.JSON(), nullable=False),
        sa.Column('cover_asset_id', sa.Uuid(), nullable=True),
        sa.Column('kind', sa.Enum('knowledge', 'news', 'technology', name='articlekind', native_enum=False, length=32), nullable=False),
        sa.Column('content_class', sa.Enum('normal', 'important', 'sensitive', name='contentclass', native_enum=False, length=32), nullable=False),
        sa.Column('audience', sa.Enum('everyone', 'schools', 'communities', 'visitors', name='audience', native_enum=False, length=32), nullable=False),
        sa.Column('topic_ids', sa.JSON(), nullable=False),
        sa.Column('site_ids', sa.JSON(), nullable=False),
        sa.Column('technologies', sa.JSON(), nullable=False),
        sa.Column('byline', sa.String(length=40), nullable=False),
        sa.Column('source_name', sa.String(length=60), nullable=False),
        sa.Column('source_url', sa.String(length=300), nullable=False),
        sa.Column('quiz', sa.JSON(), nullable=False),
        sa.Column('characters', sa.Integer(), nullable=False),
        sa.Column('autosaved', sa.Boolean(), nullable=False),
        sa.Column('restored_from', sa.Integer(), nullable=True),
        sa.Column('saved_by', sa.Uuid(), nullable=False),
        sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_revisions_article_id')),
        sa.ForeignKeyConstraint(['cover_asset_id'], ['content_assets.id'], name=op.f('fk_content_revisions_cover_asset_id')),
        sa.ForeignKeyConstraint(['saved_by'], ['identity_staff.id'], name=op.f('fk_content_revisions_saved_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_revisions')),
        sa.UniqueConstraint('article_id', 'number', name=op.f('uq_content_revisions_article_id_number'))
    )
    op.create_index(op.f('ix_content_revisions_cover_asset_id'), 'content_revisions', ['cover_asset_id'])
    op.create_index(op.f('ix_content_revisions_saved_by'), 'content_revisions', ['saved_by'])
    op.create_table(
        'content_plans',
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('revision_id', sa.Uuid(), nullable=False),
        sa.Column('publish_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('pinned_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('push', sa.Boolean(), nullable=False),
        sa.Column('official', sa.Boolean(), nullable=False),
        sa.Column('planned_by', sa.Uuid(), nullable=False),
        sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('attempts', sa.SmallInteger(), nullable=False),
        sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('failure', sa.String(length=80), nullable=True),
        sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_plans_article_id')),
        sa.ForeignKeyConstraint(['planned_by'], ['identity_staff.id'], name=op.f('fk_content_plans_planned_by')),
        sa.ForeignKeyConstraint(['revision_id'], ['content_revisions.id'], name=op.f('fk_content_plans_revision_id')),
        sa.PrimaryKeyConstraint('article_id', name=op.f('pk_content_plans'))
    )
    op.create_index(op.f('ix_content_plans_due'), 'content_plans', ['next_attempt_at', 'article_id'])
    op.create_index(op.f('ix_content_plans_planned_by'), 'content_plans', ['planned_by'])
    op.create_index(op.f('ix_content_plans_revision_id'), 'content_plans', ['revision_id'])


def _drop_articles() -> None:
    op.drop_table('content_plans')
    op.drop_table('content_revisions')
    op.drop_table('content_placements')
    op.drop_table('content_locks')
    op.drop_table('content_asset_uses')
    op.drop_table('content_article_sites')
    op.drop_table('content_topics')
    op.drop_table('content_articles')


# Review.


def _add_reviews() -> None:
    op.create_table(
        'content_word_overrides',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('list', sa.Enum('wrong', 'sensitive', name='wordlist', native_enum=False, length=32), nullable=False),
        sa.Column('word', sa.String(length=40), nullable=False),
        sa.Column('reason', sa.String(length=200), nullable=False),
        sa.Column('allowed_by', sa.Uuid(), nullable=False),
        sa.Column('allowed_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['allowed_by'], ['identity_staff.id'], name=op.f('fk_content_word_overrides_allowed_by')),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_word_overrides_article_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_word_overrides')),
        sa.UniqueConstraint('article_id', 'list', 'word', name=op.f('uq_content_word_overrides_article_id_list_word'))
    )
    op.create_index(op.f('ix_content_word_overrides_allowed_by'), 'content_word_overrides', ['allowed_by'])
    op.create_table(
        'content_submissions',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('revision_id', sa.Uuid(), nullable=False),
        sa.Column('content_hash', sa.String(length=64), nullable=False),
        sa.Column('steps', sa.SmallInteger(), nullable=False),
        sa.Column('approved_steps', sa.SmallInteger(), nullable=False),
        sa.Column('state', sa.Enum('open', 'approved', 'returned', 'withdrawn', 'superseded', name='submissionstate', native_enum=False, length=32), nullable=False),
        sa.Column('submitted_by', sa.Uuid(), nullable=False),
        sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state <> 'approved' OR approved_steps = steps", name=op.f('ck_content_submissions_approved_means_all_steps')),
        sa.CheckConstraint('steps BETWEEN 1 AND 3 AND approved_steps BETWEEN 0 AND steps', name=op.f('ck_content_submissions_steps')),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_submissions_article_id')),
        sa.ForeignKeyConstraint(['revision_id'], ['content_revisions.id'], name=op.f('fk_content_submissions_revision_id')),
        sa.ForeignKeyConstraint(['submitted_by'], ['identity_staff.id'], name=op.f('fk_content_submissions_submitted_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_submissions'))
    )
    op.create_index(op.f('ix_content_submissions_article_id'), 'content_submissions', ['article_id'])
    op.create_index(op.f('ix_content_submissions_revision_id'), 'content_submissions', ['revision_id'])
    op.create_index(op.f('ix_content_submissions_submitted_by'), 'content_submissions', ['submitted_by'])
    op.create_index(op.f('ix_content_submissions_waiting'), 'content_submissions', ['state', 'submitted_at', 'id'])
    op.create_index('uq_content_submissions_standing', 'content_submissions', ['article_id'], unique=True, sqlite_where=sa.text("state IN ('open', 'approved')"), postgresql_where=sa.text("state IN ('open', 'approved')"))
    op.create_table(
        'content_reviews',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('submission_id', sa.Uuid(), nullable=False),
        sa.Column('content_hash', sa.String(length=64), nullable=False),
        sa.Column('step', sa.Enum('first', 'second', 'final', name='step', native_enum=False, length=32), nullable=False),
        sa.Column('decision', sa.Enum('approved', 'returned', name='decision', native_enum=False, length=32), nullable=False),
        sa.Column('reviewer_id', sa.Uuid(), nullable=False),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('note', sa.Text(), nullable=True),
        sa.Column('block', sa.Integer(), nullable=True),
        sa.Column('quote', sa.String(length=200), nullable=True),
        sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['reviewer_id'], ['identity_staff.id'], name=op.f('fk_content_reviews_reviewer_id')),
        sa.ForeignKeyConstraint(['submission_id'], ['content_submissions.id'], name=op.f('fk_content_reviews_submission_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_reviews'))
    )
    op.create_index(op.f('ix_content_reviews_reviewer_id'), 'content_reviews', ['reviewer_id'])
    op.create_index('uq_content_reviews_reviewer', 'content_reviews', ['submission_id', 'reviewer_id'], unique=True, sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))
    op.create_index('uq_content_reviews_step', 'content_reviews', ['submission_id', 'step'], unique=True, sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))


def _drop_reviews() -> None:
    op.drop_table('content_reviews')
    op.drop_table('content_submissions')
    op.drop_table('content_word_overrides')


# What members do with articles.


def _add_reading() -> None:
    op.create_table(
        'content_count_changes',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('reads', sa.Integer(), nullable=False),
        sa.Column('likes', sa.Integer(), nullable=False),
        sa.Column('favourites', sa.Integer(), nullable=False),
        sa.Column('forgotten', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_count_changes_article_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_count_changes'))
    )
    op.create_table(
        'content_counts',
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('reads', sa.Integer(), nullable=False),
        sa.Column('likes', sa.Integer(), nullable=False),
        sa.Column('favourites', sa.Integer(), nullable=False),
        sa.Column('forgotten', sa.Integer(), nullable=False),
        sa.CheckConstraint('reads >= 0 AND likes >= 0 AND favourites >= 0 AND forgotten >= 0', name=op.f('ck_content_counts_counts')),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_counts_article_id')),
        sa.PrimaryKeyConstraint('article_id', name=op.f('pk_content_counts'))
    )
    op.create_index('ix_content_counts_most_read', 'content_counts', ['reads', 'article_id'])
    op.create_table(
        'content_favourites',
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('member_id', sa.Uuid(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_favourites_article_id')),
        sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_content_favourites_member_id')),
        sa.PrimaryKeyConstraint('article_id', 'member_id', name=op.f('pk_content_favourites'))
    )
    op.create_index(op.f('ix_content_favourites_own'), 'content_favourites', ['member_id', 'created_at', 'article_id'])
    op.create_table(
        'content_likes',
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('member_id', sa.Uuid(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_likes_article_id')),
        sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_content_likes_member_id')),
        sa.PrimaryKeyConstraint('article_id', 'member_id', name=op.f('pk_content_likes'))
    )
    op.create_index(op.f('ix_content_likes_member_id'), 'content_likes', ['member_id'])
    op.create_table(
        'content_reads',
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('member_id', sa.Uuid(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_reads_article_id')),
        sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_content_reads_member_id')),
        sa.PrimaryKeyConstraint('article_id', 'member_id', 'day', name=op.f('pk_content_reads'))
    )
    op.create_index(op.f('ix_content_reads_member_id'), 'content_reads', ['member_id'])
    op.create_index('ix_content_reads_oldest', 'content_reads', ['day'])
    op.create_table(
        'content_site_days',
        sa.Column('site_id', sa.Uuid(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('published', sa.Integer(), nullable=False),
        sa.Column('reads', sa.Integer(), nullable=False),
        sa.CheckConstraint('published >= 0 AND reads >= 0', name=op.f('ck_content_site_days_counts')),
        sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_content_site_days_site_id')),
        sa.PrimaryKeyConstraint('site_id', 'day', name=op.f('pk_content_site_days'))
    )
    op.create_table(
        'content_topic_follows',
        sa.Column('topic_id', sa.Uuid(), nullable=False),
        sa.Column('member_id', sa.Uuid(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_content_topic_follows_member_id')),
        sa.ForeignKeyConstraint(['topic_id'], ['content_topics.id'], name=op.f('fk_content_topic_follows_topic_id')),
        sa.PrimaryKeyConstraint('topic_id', 'member_id', name=op.f('pk_content_topic_follows'))
    )
    op.create_index(op.f('ix_content_topic_follows_member_id'), 'content_topic_follows', ['member_id'])
    op.create_table(
        'content_quiz_attempts',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('revision_id', sa.Uuid(), nullable=False),
        sa.Column('member_id', sa.Uuid(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('answers', sa.JSON(), nullable=False),
        sa.Column('right_answers', sa.SmallInteger(), nullable=False),
        sa.Column('questions', sa.SmallInteger(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('right_answers BETWEEN 0 AND questions', name=op.f('ck_content_quiz_attempts_score')),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_quiz_attempts_article_id')),
        sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_content_quiz_attempts_member_id')),
        sa.ForeignKeyConstraint(['revision_id'], ['content_revisions.id'], name=op.f('fk_content_quiz_attempts_revision_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_quiz_attempts')),
        sa.UniqueConstraint('article_id', 'member_id', 'day', name=op.f('uq_content_quiz_attempts_article_id_member_id_day'))
    )
    op.create_index(op.f('ix_content_quiz_attempts_member_id'), 'content_quiz_attempts', ['member_id'])
    op.create_index(op.f('ix_content_quiz_attempts_revision_id'), 'content_quiz_attempts', ['revision_id'])


def _drop_reading() -> None:
    op.drop_table('content_quiz_attempts')
    op.drop_table('content_topic_follows')
    op.drop_table('content_site_days')
    op.drop_table('content_reads')
    op.drop_table('content_likes')
    op.drop_table('content_favourites')
    op.drop_table('content_counts')
    op.drop_table('content_count_changes')


# What is sent out.


def _add_pushes() -> None:
    op.create_table(
        'content_official_media',
        sa.Column('asset_id', sa.Uuid(), nullable=False),
        sa.Column('use', sa.String(length=10), nullable=False),
        sa.Column('reference', sa.String(length=400), nullable=False),
        sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['asset_id'], ['content_assets.id'], name=op.f('fk_content_official_media_asset_id')),
        sa.PrimaryKeyConstraint('asset_id', 'use', name=op.f('pk_content_official_media'))
    )
    op.create_table(
        'content_official_posts',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('revision_id', sa.Uuid(), nullable=False),
        sa.Column('publish', sa.Boolean(), nullable=False),
        sa.Column('state', sa.Enum('pending', 'sending', 'draft', 'queued', 'published', 'failed', 'unknown', name='officialstate', native_enum=False, length=32), nullable=False),
        sa.Column('media_id', sa.String(length=128), nullable=True),
        sa.Column('publish_id', sa.String(length=64), nullable=True),
        sa.Column('url', sa.String(length=400), nullable=True),
        sa.Column('outcome', sa.String(length=80), nullable=True),
        sa.Column('attempts', sa.SmallInteger(), nullable=False),
        sa.Column('tries', sa.SmallInteger(), nullable=False),
        sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('requested_by', sa.Uuid(), nullable=False),
        sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_official_posts_article_id')),
        sa.ForeignKeyConstraint(['requested_by'], ['identity_staff.id'], name=op.f('fk_content_official_posts_requested_by')),
        sa.ForeignKeyConstraint(['revision_id'], ['content_revisions.id'], name=op.f('fk_content_official_posts_revision_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_official_posts')),
        sa.UniqueConstraint('article_id', 'revision_id', name=op.f('uq_content_official_posts_article_id_revision_id'))
    )
    op.create_index(op.f('ix_content_official_posts_due'), 'content_official_posts', ['state', 'next_attempt_at'])
    op.create_index(op.f('ix_content_official_posts_publish_id'), 'content_official_posts', ['publish_id'])
    op.create_index(op.f('ix_content_official_posts_requested_by'), 'content_official_posts', ['requested_by'])
    op.create_index(op.f('ix_content_official_posts_revision_id'), 'content_official_posts', ['revision_id'])
    op.create_table(
        'content_pushes',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('article_id', sa.Uuid(), nullable=False),
        sa.Column('revision_id', sa.Uuid(), nullable=False),
        sa.Column('requested_by', sa.Uuid(), nullable=False),
        sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('told_through', sa.Uuid(), nullable=True),
        sa.Column('told', sa.Integer(), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_content_pushes_article_id')),
        sa.ForeignKeyConstraint(['requested_by'], ['identity_staff.id'], name=op.f('fk_content_pushes_requested_by')),
        sa.ForeignKeyConstraint(['revision_id'], ['content_revisions.id'], name=op.f('fk_content_pushes_revision_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_content_pushes')),
        sa.UniqueConstraint('article_id', 'revision_id', name=op.f('uq_content_pushes_article_id_revision_id'))
    )
    op.create_index(op.f('ix_content_pushes_requested_by'), 'content_pushes', ['requested_by'])
    op.create_index(op.f('ix_content_pushes_revision_id'), 'content_pushes', ['revision_id'])


def _drop_pushes() -> None:
    op.drop_table('content_pushes')
    op.drop_table('content_official_posts')
    op.drop_table('content_official_media')


# Feedback.


def _add_feedback() -> None:
    op.create_table(
        'feedback_items',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('number', sa.String(length=24), nullable=False),
        sa.Column('member_id', sa.Uuid(), nullable=False),
        sa.Column('site_id', sa.Uuid(), nullable=True),
        sa.Column('article_id', sa.Uuid(), nullable=True),
        sa.Column('kind', sa.Enum('suggestion', 'question', 'correction', 'praise', name='feedbackkind', native_enum=False, length=32), nullable=True),
        sa.Column('text_cipher', sa.Text(), nullable=True),
        sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state', sa.Enum('checking', 'held', 'open', 'answered', 'closed', 'refused', 'dropped', name='feedbackstate', native_enum=False, length=32), nullable=False),
        sa.Column('state_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('held_because', sa.Enum('risky', 'review', 'unchecked', 'service_down', name='heldbecause', native_enum=False, length=32), nullable=True),
        sa.Column('finding', sa.Enum('pass', 'review', 'risky', name='finding', native_enum=False, length=32), nullable=True),
        sa.Column('reason_cipher', sa.Text(), nullable=True),
        sa.Column('answer_cipher', sa.Text(), nullable=True),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('corrected_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('told', sa.SmallInteger(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_error', sa.String(length=80), nullable=True),
        sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint('(site_id IS NULL) <> (article_id IS NULL)', name=op.f('ck_feedback_items_one_subject')),
        sa.ForeignKeyConstraint(['article_id'], ['content_articles.id'], name=op.f('fk_feedback_items_article_id')),
        sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_feedback_items_member_id')),
        sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_feedback_items_site_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback_items')),
        sa.UniqueConstraint('number', name=op.f('uq_feedback_items_number'))
    )
    op.create_index(op.f('ix_feedback_items_article_id'), 'feedback_items', ['article_id'])
    op.create_index('ix_feedback_items_desk', 'feedback_items', ['state', 'sent_at', 'id'])
    op.create_index('ix_feedback_items_due', 'feedback_items', ['next_attempt_at', 'id'])
    op.create_index('ix_feedback_items_kept', 'feedback_items', ['erased_at', 'state_at'])
    op.create_index('ix_feedback_items_own', 'feedback_items', ['member_id', 'sent_at', 'id'])
    op.create_index(op.f('ix_feedback_items_site_id'), 'feedback_items', ['site_id'])
    op.create_table(
        'feedback_steps',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('feedback_id', sa.Uuid(), nullable=False),
        sa.Column('state', sa.Enum('checking', 'held', 'open', 'answered', 'closed', 'refused', 'dropped', name='feedbackstate', native_enum=False, length=32), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['feedback_id'], ['feedback_items.id'], name=op.f('fk_feedback_steps_feedback_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback_steps'))
    )
    op.create_index('ix_feedback_steps_of', 'feedback_steps', ['feedback_id', 'at', 'id'])
    op.create_table(
        'feedback_pictures',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('member_id', sa.Uuid(), nullable=False),
        sa.Column('feedback_id', sa.Uuid(), nullable=True),
        sa.Column('position', sa.SmallInteger(), nullable=True),
        sa.Column('file_name', sa.String(length=40), nullable=False),
        sa.Column('media_type', sa.String(length=20), nullable=False),
        sa.Column('width', sa.Integer(), nullable=False),
        sa.Column('height', sa.Integer(), nullable=False),
        sa.Column('size_bytes', sa.Integer(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state', sa.Enum('waiting', 'held', 'shown', 'hidden', name='picturestate', native_enum=False, length=32), nullable=False),
        sa.Column('finding', sa.Enum('pass', 'review', 'risky', name='finding', native_enum=False, length=32), nullable=True),
        sa.Column('check_id', sa.String(length=128), nullable=True),
        sa.Column('submissions', sa.SmallInteger(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_error', sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(['feedback_id'], ['feedback_items.id'], name=op.f('fk_feedback_pictures_feedback_id')),
        sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_feedback_pictures_member_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback_pictures')),
        sa.UniqueConstraint('check_id', name=op.f('uq_feedback_pictures_check_id')),
        sa.UniqueConstraint('feedback_id', 'position', name=op.f('uq_feedback_pictures_feedback_id_position')),
        sa.UniqueConstraint('file_name', name=op.f('uq_feedback_pictures_file_name'))
    )
    op.create_index('ix_feedback_pictures_due', 'feedback_pictures', ['next_attempt_at', 'id'])
    op.create_index(op.f('ix_feedback_pictures_member_id'), 'feedback_pictures', ['member_id'])
    op.create_index('ix_feedback_pictures_unused', 'feedback_pictures', ['feedback_id', 'uploaded_at'])


def _drop_feedback() -> None:
    op.drop_table('feedback_pictures')
    op.drop_table('feedback_steps')
    op.drop_table('feedback_items')
