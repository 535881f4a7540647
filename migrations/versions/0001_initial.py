"""initial"""

import sqlalchemy as sa
from alembic import op

from miniprogram_api.kernel import search


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('identity_erasures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('receipt', sa.String(length=20), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_erasures')),
    sa.UniqueConstraint('member_id', name=op.f('uq_identity_erasures_member_id')),
    sa.UniqueConstraint('receipt', name=op.f('uq_identity_erasures_receipt'))
    )
    op.create_table('identity_members',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('openid_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('openid_cipher', sa.Text(), nullable=True),
    sa.Column('unionid_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('unionid_cipher', sa.Text(), nullable=True),
    sa.Column('nickname', sa.String(length=40), nullable=True),
    sa.Column('phone_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('phone_cipher', sa.Text(), nullable=True),
    sa.Column('phone_verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_members')),
    sa.UniqueConstraint('openid_index', name=op.f('uq_identity_members_openid_index')),
    sa.UniqueConstraint('unionid_index', name=op.f('uq_identity_members_unionid_index'))
    )
    with op.batch_alter_table('identity_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_members_phone_index'), ['phone_index'], unique=False)

    op.create_table('identity_organisations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('credit_code', sa.String(length=18), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_organisations')),
    sa.UniqueConstraint('name', name=op.f('uq_identity_organisations_name'))
    )
    op.create_table('identity_sign_in_failures',
    sa.Column('username_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_failed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('username_index', name=op.f('pk_identity_sign_in_failures'))
    )
    with op.batch_alter_table('identity_sign_in_failures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_sign_in_failures_last_failed_at'), ['last_failed_at'], unique=False)

    op.create_table('kernel_answers',
    sa.Column('principal', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('request_digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('status', sa.SmallInteger(), nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('principal', 'key', name=op.f('pk_kernel_answers'))
    )
    with op.batch_alter_table('kernel_answers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kernel_answers_kept_at'), ['kept_at'], unique=False)

    op.create_table('kernel_audit',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.String(length=64), nullable=False),
    sa.Column('organisation_id', sa.String(length=64), nullable=True),
    sa.Column('action', sa.String(length=80), nullable=False),
    sa.Column('object_type', sa.String(length=40), nullable=False),
    sa.Column('object_id', sa.String(length=64), nullable=False),
    sa.Column('before', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('after', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('ip', sa.String(length=45), nullable=True),
    sa.Column('request_id', sa.String(length=64), nullable=True),
    sa.Column('sequence', sa.BigInteger(), nullable=True),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kernel_audit')),
    sa.UniqueConstraint('sequence', name=op.f('uq_kernel_audit_sequence'))
    )
    with op.batch_alter_table('kernel_audit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kernel_audit_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_kernel_audit_at'), ['at'], unique=False)
        batch_op.create_index('ix_kernel_audit_object', ['object_type', 'object_id'], unique=False)

    op.create_table('kernel_audit_head',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kernel_audit_head'))
    )
    op.create_table('kernel_calendar_days',
    sa.Column('on_date', sa.Date(), nullable=False),
    sa.Column('kind', sa.Enum('working', 'weekend', 'statutory_holiday', 'make_up_working_day', name='daykind', native_enum=False, length=32), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('gazetted', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('on_date', name=op.f('pk_kernel_calendar_days'))
    )
    op.create_table('kernel_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kernel_events'))
    )
    with op.batch_alter_table('kernel_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kernel_events_occurred_at'), ['occurred_at'], unique=False)

    op.create_table('kernel_heartbeat',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('beats', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kernel_heartbeat'))
    )
    op.create_table('identity_consents',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('purpose', sa.Enum('privacy_policy', 'identity_data', 'location', 'service_messages', name='consentpurpose', native_enum=False, length=32), nullable=False),
    sa.Column('granted', sa.Boolean(), nullable=False),
    sa.Column('text_version', sa.String(length=20), nullable=False),
    sa.Column('text_sha256', sa.String(length=64), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_identity_consents_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_consents'))
    )
    with op.batch_alter_table('identity_consents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_consents_member_id'), ['member_id'], unique=False)

    op.create_table('identity_member_sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('family_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('access_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('access_expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('refresh_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('refresh_expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_identity_member_sessions_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_member_sessions')),
    sa.UniqueConstraint('access_hash', name=op.f('uq_identity_member_sessions_access_hash')),
    sa.UniqueConstraint('refresh_hash', name=op.f('uq_identity_member_sessions_refresh_hash'))
    )
    with op.batch_alter_table('identity_member_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_member_sessions_family_id'), ['family_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_identity_member_sessions_member_id'), ['member_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_identity_member_sessions_refresh_expires_at'), ['refresh_expires_at'], unique=False)

    op.create_table('identity_staff',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('username', sa.String(length=60), nullable=False),
    sa.Column('display_name', sa.String(length=60), nullable=False),
    sa.Column('organisation_id', sa.Uuid(), nullable=True),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('password_changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('must_change_password', sa.Boolean(), nullable=False),
    sa.Column('totp_cipher', sa.Text(), nullable=True),
    sa.Column('totp_confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('totp_last_step', sa.Integer(), nullable=True),
    sa.Column('demo', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['identity_organisations.id'], name=op.f('fk_identity_staff_organisation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_staff')),
    sa.UniqueConstraint('username', name=op.f('uq_identity_staff_username'))
    )
    with op.batch_alter_table('identity_staff', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_staff_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('kernel_deliveries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('subscriber', sa.String(length=80), nullable=False),
    sa.Column('state', sa.Enum('pending', 'running', 'done', 'dead', name='deliverystate', native_enum=False, length=32), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['kernel_events.id'], name=op.f('fk_kernel_deliveries_event_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kernel_deliveries'))
    )
    with op.batch_alter_table('kernel_deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_deliveries_due', ['state', 'next_attempt_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_kernel_deliveries_event_id'), ['event_id'], unique=False)

    op.create_table('messaging_messages',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('visit_cancelled_by_site', name='messagekind', native_enum=False, length=32), nullable=False),
    sa.Column('subject_id', sa.String(length=64), nullable=False),
    sa.Column('wording', sa.SmallInteger(), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_messaging_messages_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_messaging_messages')),
    sa.UniqueConstraint('member_id', 'kind', 'subject_id', name=op.f('uq_messaging_messages_member_id_kind_subject_id'))
    )
    with op.batch_alter_table('messaging_messages', schema=None) as batch_op:
        batch_op.create_index('ix_messaging_messages_newest', ['member_id', 'created_at', 'id'], unique=False)

    op.create_table('sites_sites',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('project_id', sa.String(length=40), nullable=False),
    sa.Column('project_version', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=True),
    sa.Column('type', sa.String(length=32), nullable=False),
    sa.Column('level', sa.String(length=32), nullable=False),
    sa.Column('district', sa.String(length=12), nullable=False),
    sa.Column('operator_id', sa.Uuid(), nullable=True),
    sa.Column('operator_name', sa.String(length=120), nullable=True),
    sa.Column('lng_gcj02', sa.Double(), nullable=False),
    sa.Column('lat_gcj02', sa.Double(), nullable=False),
    sa.Column('source_lng', sa.Double(), nullable=False),
    sa.Column('source_lat', sa.Double(), nullable=False),
    sa.Column('source_crs', sa.String(length=12), nullable=False),
    sa.Column('unit_x', sa.Double(), nullable=False),
    sa.Column('unit_y', sa.Double(), nullable=False),
    sa.Column('unit_z', sa.Double(), nullable=False),
    sa.Column('lifecycle', sa.Enum('applied', 'under_review', 'rejected', 'public_notice', 'confirmed', 'under_construction', 'titled', 're_review', 'rectifying', 'expired', 'withdrawn', name='lifecycle', native_enum=False, length=32), nullable=False),
    sa.Column('lifecycle_since', sa.Date(), nullable=True),
    sa.Column('title_document_no', sa.String(length=60), nullable=True),
    sa.Column('title_awarded_on', sa.Date(), nullable=True),
    sa.Column('title_valid_until', sa.Date(), nullable=True),
    sa.Column('re_review_due_on', sa.Date(), nullable=True),
    sa.Column('withdrawn_on', sa.Date(), nullable=True),
    sa.Column('withdrawal_document_no', sa.String(length=60), nullable=True),
    sa.Column('education_base', sa.Boolean(), nullable=False),
    sa.Column('education_base_since', sa.Date(), nullable=True),
    sa.Column('official_summary', sa.Text(), nullable=True),
    sa.Column('official_carbon_tonnes', sa.String(length=24), nullable=True),
    sa.Column('official_carbon_method', sa.String(length=120), nullable=True),
    sa.Column('official_carbon_year', sa.Integer(), nullable=True),
    sa.Column('registry_synced_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('overlay', sa.Enum('none', 'preparing', 'pending_publication', 'open', 'suspended', 'closed', name='overlay', native_enum=False, length=32), nullable=False),
    sa.Column('overlay_reason', sa.String(length=200), nullable=True),
    sa.Column('overlay_until', sa.Date(), nullable=True),
    sa.Column('booking_mode', sa.Enum('none', 'slots', name='bookingmode', native_enum=False, length=32), nullable=False),
    sa.Column('listed_rank', sa.Integer(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('summary_en', sa.Text(), nullable=True),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('address_en', sa.String(length=300), nullable=True),
    sa.Column('transport', sa.Text(), nullable=True),
    sa.Column('transport_en', sa.Text(), nullable=True),
    sa.Column('visitor_notice', sa.Text(), nullable=True),
    sa.Column('visitor_notice_en', sa.Text(), nullable=True),
    sa.Column('facilities', sa.JSON(), nullable=False),
    sa.Column('accessibility', sa.JSON(), nullable=False),
    sa.Column('work_phone', sa.String(length=20), nullable=True),
    sa.Column('weekly_closing_weekday', sa.Integer(), nullable=True),
    sa.Column('cover_photo_id', sa.Uuid(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('lng_gcj02 BETWEEN -180 AND 180 AND lat_gcj02 BETWEEN -90 AND 90', name=op.f('ck_sites_sites_coordinates')),
    sa.ForeignKeyConstraint(['operator_id'], ['identity_organisations.id'], name=op.f('fk_sites_sites_operator_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sites_sites')),
    sa.UniqueConstraint('code', name=op.f('uq_sites_sites_code')),
    sa.UniqueConstraint('project_id', name=op.f('uq_sites_sites_project_id'))
    )
    with op.batch_alter_table('sites_sites', schema=None) as batch_op:
        batch_op.create_index('ix_sites_sites_listing', ['listed_rank', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sites_sites_operator_id'), ['operator_id'], unique=False)

    op.create_table('visits_standings',
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('barred_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_visits_standings_member_id')),
    sa.PrimaryKeyConstraint('member_id', name=op.f('pk_visits_standings'))
    )
    op.create_table('identity_gate_devices',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('demo', sa.Boolean(), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_identity_gate_devices_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_gate_devices')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_identity_gate_devices_token_hash'))
    )
    with op.batch_alter_table('identity_gate_devices', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_gate_devices_site_id'), ['site_id'], unique=False)

    op.create_table('identity_password_history',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('staff_id', sa.Uuid(), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['identity_staff.id'], name=op.f('fk_identity_password_history_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_password_history'))
    )
    with op.batch_alter_table('identity_password_history', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_password_history_staff_id'), ['staff_id'], unique=False)

    op.create_table('identity_recovery_codes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('staff_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['identity_staff.id'], name=op.f('fk_identity_recovery_codes_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_recovery_codes'))
    )
    with op.batch_alter_table('identity_recovery_codes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_recovery_codes_staff_id'), ['staff_id'], unique=False)

    op.create_table('identity_role_grants',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('staff_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('scope', sa.String(length=50), nullable=False),
    sa.Column('organisation_id', sa.Uuid(), nullable=True),
    sa.Column('site_id', sa.Uuid(), nullable=True),
    sa.Column('granted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('granted_by', sa.Uuid(), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_by', sa.Uuid(), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoke_reason', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['identity_organisations.id'], name=op.f('fk_identity_role_grants_organisation_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_identity_role_grants_site_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['identity_staff.id'], name=op.f('fk_identity_role_grants_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_role_grants'))
    )
    with op.batch_alter_table('identity_role_grants', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_role_grants_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_identity_role_grants_site_id'), ['site_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_identity_role_grants_staff_id'), ['staff_id'], unique=False)
        batch_op.create_index('uq_identity_role_grants_live', ['staff_id', 'role', 'scope'], unique=True, sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))

    op.create_table('identity_staff_sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('staff_id', sa.Uuid(), nullable=False),
    sa.Column('access_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('proven_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ip', sa.String(length=45), nullable=True),
    sa.Column('user_agent', sa.String(length=200), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['identity_staff.id'], name=op.f('fk_identity_staff_sessions_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_staff_sessions')),
    sa.UniqueConstraint('access_hash', name=op.f('uq_identity_staff_sessions_access_hash'))
    )
    with op.batch_alter_table('identity_staff_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_staff_sessions_staff_id'), ['staff_id'], unique=False)

    op.create_table('sites_closures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('closed', 'special_opening', name='closurekind', native_enum=False, length=32), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('from_minute', sa.Integer(), nullable=True),
    sa.Column('to_minute', sa.Integer(), nullable=True),
    sa.Column('slot_minutes', sa.Integer(), nullable=True),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('reason_code', sa.Enum('maintenance', 'weather', 'event', 'holiday', 'safety', 'other', name='reasoncode', native_enum=False, length=32), nullable=False),
    sa.Column('public_text', sa.String(length=200), nullable=False),
    sa.Column('amnesty', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('first_on <= last_on', name=op.f('ck_sites_closures_days')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_sites_closures_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sites_closures'))
    )
    with op.batch_alter_table('sites_closures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sites_closures_site_id'), ['site_id'], unique=False)

    op.create_table('sites_indicators',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('value', sa.String(length=24), nullable=False),
    sa.Column('unit', sa.String(length=30), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_sites_indicators_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sites_indicators')),
    sa.UniqueConstraint('site_id', 'kind', 'year', name=op.f('uq_sites_indicators_site_id_kind_year'))
    )
    with op.batch_alter_table('sites_indicators', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sites_indicators_site_id'), ['site_id'], unique=False)

    op.create_table('sites_notices',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_sites_notices_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sites_notices'))
    )
    with op.batch_alter_table('sites_notices', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sites_notices_site_id'), ['site_id'], unique=False)

    op.create_table('sites_opening_rules',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('weekdays', sa.JSON(), nullable=False),
    sa.Column('season_from', sa.String(length=5), nullable=True),
    sa.Column('season_to', sa.String(length=5), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('opens_minute', sa.Integer(), nullable=False),
    sa.Column('closes_minute', sa.Integer(), nullable=False),
    sa.Column('slot_minutes', sa.Integer(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('child_capacity', sa.Integer(), nullable=True),
    sa.Column('wheelchair_capacity', sa.Integer(), nullable=True),
    sa.Column('sign_language_capacity', sa.Integer(), nullable=True),
    sa.Column('day_capacity', sa.Integer(), nullable=True),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('capacity BETWEEN 1 AND 100000', name=op.f('ck_sites_opening_rules_capacity')),
    sa.CheckConstraint('opens_minute >= 0 AND closes_minute <= 1440 AND opens_minute < closes_minute', name=op.f('ck_sites_opening_rules_times')),
    sa.CheckConstraint('slot_minutes BETWEEN 5 AND 1440', name=op.f('ck_sites_opening_rules_slot_minutes')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_sites_opening_rules_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sites_opening_rules'))
    )
    with op.batch_alter_table('sites_opening_rules', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sites_opening_rules_site_id'), ['site_id'], unique=False)

    op.create_table('sites_photos',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('file_name', sa.String(length=80), nullable=False),
    sa.Column('alt', sa.String(length=200), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_sites_photos_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sites_photos')),
    sa.UniqueConstraint('file_name', name=op.f('uq_sites_photos_file_name'))
    )
    with op.batch_alter_table('sites_photos', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sites_photos_site_id'), ['site_id'], unique=False)

    op.create_table('sites_technologies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_sites_technologies_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sites_technologies'))
    )
    with op.batch_alter_table('sites_technologies', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sites_technologies_site_id'), ['site_id'], unique=False)

    op.create_table('visits_calendar_feeds',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=True),
    sa.Column('site_id', sa.Uuid(), nullable=True),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(member_id IS NULL) <> (site_id IS NULL)', name=op.f('ck_visits_calendar_feeds_owner')),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_visits_calendar_feeds_member_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_calendar_feeds_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_calendar_feeds')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_visits_calendar_feeds_token_hash'))
    )
    with op.batch_alter_table('visits_calendar_feeds', schema=None) as batch_op:
        batch_op.create_index('uq_visits_calendar_feeds_member', ['member_id'], unique=True, sqlite_where=sa.text('revoked_at IS NULL AND member_id IS NOT NULL'), postgresql_where=sa.text('revoked_at IS NULL AND member_id IS NOT NULL'))
        batch_op.create_index('uq_visits_calendar_feeds_site', ['site_id'], unique=True, sqlite_where=sa.text('revoked_at IS NULL AND site_id IS NOT NULL'), postgresql_where=sa.text('revoked_at IS NULL AND site_id IS NOT NULL'))

    op.create_table('visits_days',
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('visit_on', sa.Date(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('booked', sa.Integer(), nullable=False),
    sa.CheckConstraint('booked >= 0 AND booked <= capacity', name=op.f('ck_visits_days_seats')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_days_site_id')),
    sa.PrimaryKeyConstraint('site_id', 'visit_on', name=op.f('pk_visits_days'))
    )
    op.create_table('visits_departures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('scanner', sa.String(length=64), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('request_digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('seats >= 0', name=op.f('ck_visits_departures_seats')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_departures_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_departures')),
    sa.UniqueConstraint('scanner', 'nonce', name=op.f('uq_visits_departures_scanner_nonce'))
    )
    with op.batch_alter_table('visits_departures', schema=None) as batch_op:
        batch_op.create_index('ix_visits_departures_site_time', ['site_id', 'left_at'], unique=False)

    op.create_table('visits_policies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('numbers', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_policies_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_policies')),
    sa.UniqueConstraint('site_id', 'version', name=op.f('uq_visits_policies_site_id_version'))
    )
    with op.batch_alter_table('visits_policies', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visits_policies_site_id'), ['site_id'], unique=False)

    op.create_table('visits_slots',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('rule_id', sa.Uuid(), nullable=True),
    sa.Column('policy_id', sa.Uuid(), nullable=False),
    sa.Column('visit_on', sa.Date(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('releases_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('books_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('booked', sa.Integer(), nullable=False),
    sa.Column('held', sa.Integer(), nullable=False),
    sa.Column('child_capacity', sa.Integer(), nullable=True),
    sa.Column('children_booked', sa.Integer(), nullable=False),
    sa.Column('wheelchair_capacity', sa.Integer(), nullable=True),
    sa.Column('wheelchairs_booked', sa.Integer(), nullable=False),
    sa.Column('sign_language_capacity', sa.Integer(), nullable=True),
    sa.Column('sign_language_booked', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('open', 'closed', name='slotstate', native_enum=False, length=32), nullable=False),
    sa.Column('closed_reason', sa.String(length=32), nullable=True),
    sa.Column('closed_text', sa.String(length=200), nullable=True),
    sa.Column('closure_id', sa.Uuid(), nullable=True),
    sa.Column('amnesty', sa.Boolean(), nullable=False),
    sa.Column('edited', sa.Boolean(), nullable=False),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('booked >= 0 AND held >= 0 AND booked + held <= capacity', name=op.f('ck_visits_slots_seats')),
    sa.CheckConstraint('child_capacity IS NULL OR children_booked BETWEEN 0 AND child_capacity', name=op.f('ck_visits_slots_children')),
    sa.CheckConstraint('sign_language_capacity IS NULL OR sign_language_booked BETWEEN 0 AND sign_language_capacity', name=op.f('ck_visits_slots_sign_language')),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_visits_slots_times')),
    sa.CheckConstraint('wheelchair_capacity IS NULL OR wheelchairs_booked BETWEEN 0 AND wheelchair_capacity', name=op.f('ck_visits_slots_wheelchairs')),
    sa.ForeignKeyConstraint(['closure_id'], ['sites_closures.id'], name=op.f('fk_visits_slots_closure_id')),
    sa.ForeignKeyConstraint(['policy_id'], ['visits_policies.id'], name=op.f('fk_visits_slots_policy_id')),
    sa.ForeignKeyConstraint(['rule_id'], ['sites_opening_rules.id'], name=op.f('fk_visits_slots_rule_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_slots_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_slots')),
    sa.UniqueConstraint('site_id', 'starts_at', name=op.f('uq_visits_slots_site_id_starts_at'))
    )
    with op.batch_alter_table('visits_slots', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visits_slots_closure_id'), ['closure_id'], unique=False)
        batch_op.create_index('ix_visits_slots_day', ['site_id', 'visit_on', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_visits_slots_visit_on'), ['visit_on'], unique=False)

    op.create_table('visits_bookings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=16), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=True),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('slot_id', sa.Uuid(), nullable=False),
    sa.Column('policy_id', sa.Uuid(), nullable=False),
    sa.Column('channel', sa.Enum('app', 'phone', 'window', 'walk_in', name='channel', native_enum=False, length=32), nullable=False),
    sa.Column('overridden', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Enum('confirmed', 'partly_admitted', 'admitted', 'cancelled', 'no_show', name='bookingstatus', native_enum=False, length=32), nullable=False),
    sa.Column('visit_on', sa.Date(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('adults', sa.Integer(), nullable=False),
    sa.Column('children', sa.Integer(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('wheelchairs', sa.Integer(), nullable=False),
    sa.Column('sign_language', sa.Integer(), nullable=False),
    sa.Column('admitted', sa.Integer(), nullable=False),
    sa.Column('contact_name_cipher', sa.Text(), nullable=True),
    sa.Column('contact_phone_cipher', sa.Text(), nullable=True),
    sa.Column('contact_phone_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('cancel_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_by', sa.String(length=16), nullable=True),
    sa.Column('cancel_reason', sa.String(length=200), nullable=True),
    sa.Column('moves', sa.Integer(), nullable=False),
    sa.Column('calendar_sequence', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint('admitted BETWEEN 0 AND seats', name=op.f('ck_visits_bookings_admitted')),
    sa.CheckConstraint('adults >= 0 AND children >= 0 AND adults + children = seats AND seats > 0', name=op.f('ck_visits_bookings_party')),
    sa.CheckConstraint('sign_language BETWEEN 0 AND 1', name=op.f('ck_visits_bookings_sign_language')),
    sa.CheckConstraint('wheelchairs BETWEEN 0 AND seats', name=op.f('ck_visits_bookings_wheelchairs')),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_visits_bookings_member_id')),
    sa.ForeignKeyConstraint(['policy_id'], ['visits_policies.id'], name=op.f('fk_visits_bookings_policy_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_bookings_site_id')),
    sa.ForeignKeyConstraint(['slot_id'], ['visits_slots.id'], name=op.f('fk_visits_bookings_slot_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_bookings')),
    sa.UniqueConstraint('number', name=op.f('uq_visits_bookings_number'))
    )
    with op.batch_alter_table('visits_bookings', schema=None) as batch_op:
        batch_op.create_index('ix_visits_bookings_contact_kept', ['visit_on'], unique=False, sqlite_where=sa.text('contact_name_cipher IS NOT NULL'), postgresql_where=sa.text('contact_name_cipher IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_visits_bookings_contact_phone_index'), ['contact_phone_index'], unique=False)
        batch_op.create_index('ix_visits_bookings_due', ['status', 'starts_at'], unique=False)
        batch_op.create_index('ix_visits_bookings_member', ['member_id', 'starts_at'], unique=False)
        batch_op.create_index('ix_visits_bookings_site_day', ['site_id', 'visit_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_visits_bookings_slot_id'), ['slot_id'], unique=False)
        batch_op.create_index('uq_visits_bookings_caller_day', ['contact_phone_index', 'site_id', 'visit_on'], unique=True, sqlite_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NULL AND NOT overridden AND contact_phone_index IS NOT NULL"), postgresql_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NULL AND NOT overridden AND contact_phone_index IS NOT NULL"))
        batch_op.create_index('uq_visits_bookings_member_day', ['member_id', 'site_id', 'visit_on'], unique=True, sqlite_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NOT NULL"), postgresql_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NOT NULL"))

    op.create_table('visits_holds',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('slot_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('active', 'used', 'released', 'expired', name='holdstate', native_enum=False, length=32), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('extended', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('seats > 0', name=op.f('ck_visits_holds_seats')),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_visits_holds_member_id')),
    sa.ForeignKeyConstraint(['slot_id'], ['visits_slots.id'], name=op.f('fk_visits_holds_slot_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_holds'))
    )
    with op.batch_alter_table('visits_holds', schema=None) as batch_op:
        batch_op.create_index('ix_visits_holds_expiry', ['slot_id', 'state', 'expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_visits_holds_member_id'), ['member_id'], unique=False)
        batch_op.create_index('uq_visits_holds_member_slot', ['member_id', 'slot_id'], unique=True, sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))

    op.create_table('visits_strikes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('booking_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('no_show', 'late_cancel', name='strikekind', native_enum=False, length=32), nullable=False),
    sa.Column('half_points', sa.SmallInteger(), nullable=False),
    sa.Column('struck_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('counts_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('waived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('waive_reason', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['booking_id'], ['visits_bookings.id'], name=op.f('fk_visits_strikes_booking_id')),
    sa.ForeignKeyConstraint(['member_id'], ['identity_members.id'], name=op.f('fk_visits_strikes_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_strikes')),
    sa.UniqueConstraint('booking_id', 'kind', name=op.f('uq_visits_strikes_booking_id_kind'))
    )
    with op.batch_alter_table('visits_strikes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visits_strikes_member_id'), ['member_id'], unique=False)

    op.create_table('visits_tickets',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('booking_id', sa.Uuid(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('short_code', sa.String(length=12), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('current', 'revoked', name='ticketstate', native_enum=False, length=32), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['booking_id'], ['visits_bookings.id'], name=op.f('fk_visits_tickets_booking_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_tickets')),
    sa.UniqueConstraint('booking_id', 'sequence', name=op.f('uq_visits_tickets_booking_id_sequence')),
    sa.UniqueConstraint('short_code', name=op.f('uq_visits_tickets_short_code'))
    )
    with op.batch_alter_table('visits_tickets', schema=None) as batch_op:
        batch_op.create_index('uq_visits_tickets_current', ['booking_id'], unique=True, sqlite_where=sa.text("state = 'current'"), postgresql_where=sa.text("state = 'current'"))

    op.create_table('visits_visitors',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('booking_id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('visit_on', sa.Date(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('name_cipher', sa.Text(), nullable=True),
    sa.Column('id_type', sa.String(length=24), nullable=False),
    sa.Column('id_cipher', sa.Text(), nullable=True),
    sa.Column('person_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['booking_id'], ['visits_bookings.id'], name=op.f('fk_visits_visitors_booking_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_visitors_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_visitors'))
    )
    with op.batch_alter_table('visits_visitors', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visits_visitors_booking_id'), ['booking_id'], unique=False)
        batch_op.create_index('ix_visits_visitors_kept', ['visit_on'], unique=False, sqlite_where=sa.text('erased_at IS NULL'), postgresql_where=sa.text('erased_at IS NULL'))
        batch_op.create_index('uq_visits_visitors_person_day', ['person_index', 'site_id', 'visit_on'], unique=True, sqlite_where=sa.text('active AND person_index IS NOT NULL'), postgresql_where=sa.text('active AND person_index IS NOT NULL'))

    op.create_table('visits_scans',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('scanner', sa.String(length=64), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('request_digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('ticket_id', sa.Uuid(), nullable=True),
    sa.Column('booking_id', sa.Uuid(), nullable=True),
    sa.Column('result', sa.Enum('ok', 'already_used', 'revoked', 'wrong_site', 'too_early', 'too_late', 'invalid', name='scanresult', native_enum=False, length=32), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('admitted', sa.Integer(), nullable=False),
    sa.Column('remaining', sa.Integer(), nullable=False),
    sa.Column('scanned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('annulled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('annulled_by', sa.String(length=64), nullable=True),
    sa.Column('annul_reason', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['booking_id'], ['visits_bookings.id'], name=op.f('fk_visits_scans_booking_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_scans_site_id')),
    sa.ForeignKeyConstraint(['ticket_id'], ['visits_tickets.id'], name=op.f('fk_visits_scans_ticket_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_scans')),
    sa.UniqueConstraint('scanner', 'nonce', name=op.f('uq_visits_scans_scanner_nonce'))
    )
    with op.batch_alter_table('visits_scans', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visits_scans_booking_id'), ['booking_id'], unique=False)
        batch_op.create_index('ix_visits_scans_site_time', ['site_id', 'scanned_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_visits_scans_ticket_id'), ['ticket_id'], unique=False)

    search.create_index_tables(op.get_bind())
    op.bulk_insert(sa.table("kernel_heartbeat", sa.column("id"), sa.column("beats")), [{"id": 1, "beats": 0}])
    op.bulk_insert(sa.table("kernel_audit_head", sa.column("id"), sa.column("sequence"), sa.column("hash")), [{"id": 1, "sequence": 0, "hash": bytes(32)}])


def downgrade() -> None:
    search.drop_index_tables(op.get_bind())
    with op.batch_alter_table('visits_scans', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visits_scans_ticket_id'))
        batch_op.drop_index('ix_visits_scans_site_time')
        batch_op.drop_index(batch_op.f('ix_visits_scans_booking_id'))

    op.drop_table('visits_scans')
    with op.batch_alter_table('visits_visitors', schema=None) as batch_op:
        batch_op.drop_index('uq_visits_visitors_person_day', sqlite_where=sa.text('active AND person_index IS NOT NULL'), postgresql_where=sa.text('active AND person_index IS NOT NULL'))
        batch_op.drop_index('ix_visits_visitors_kept', sqlite_where=sa.text('erased_at IS NULL'), postgresql_where=sa.text('erased_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_visits_visitors_booking_id'))

    op.drop_table('visits_visitors')
    with op.batch_alter_table('visits_tickets', schema=None) as batch_op:
        batch_op.drop_index('uq_visits_tickets_current', sqlite_where=sa.text("state = 'current'"), postgresql_where=sa.text("state = 'current'"))

    op.drop_table('visits_tickets')
    with op.batch_alter_table('visits_strikes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visits_strikes_member_id'))

    op.drop_table('visits_strikes')
    with op.batch_alter_table('visits_holds', schema=None) as batch_op:
        batch_op.drop_index('uq_visits_holds_member_slot', sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))
        batch_op.drop_index(batch_op.f('ix_visits_holds_member_id'))
        batch_op.drop_index('ix_visits_holds_expiry')

    op.drop_table('visits_holds')
    with op.batch_alter_table('visits_bookings', schema=None) as batch_op:
        batch_op.drop_index('uq_visits_bookings_member_day', sqlite_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NOT NULL"), postgresql_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NOT NULL"))
        batch_op.drop_index('uq_visits_bookings_caller_day', sqlite_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NULL AND NOT overridden AND contact_phone_index IS NOT NULL"), postgresql_where=sa.text("status IN ('confirmed', 'partly_admitted', 'admitted') AND member_id IS NULL AND NOT overridden AND contact_phone_index IS NOT NULL"))
        batch_op.drop_index(batch_op.f('ix_visits_bookings_slot_id'))
        batch_op.drop_index('ix_visits_bookings_site_day')
        batch_op.drop_index('ix_visits_bookings_member')
        batch_op.drop_index('ix_visits_bookings_due')
        batch_op.drop_index(batch_op.f('ix_visits_bookings_contact_phone_index'))
        batch_op.drop_index('ix_visits_bookings_contact_kept', sqlite_where=sa.text('contact_name_cipher IS NOT NULL'), postgresql_where=sa.text('contact_name_cipher IS NOT NULL'))

    op.drop_table('visits_bookings')
    with op.batch_alter_table('visits_slots', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visits_slots_visit_on'))
        batch_op.drop_index('ix_visits_slots_day')
        batch_op.drop_index(batch_op.f('ix_visits_slots_closure_id'))

    op.drop_table('visits_slots')
    with op.batch_alter_table('visits_policies', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visits_policies_site_id'))

    op.drop_table('visits_policies')
    with op.batch_alter_table('visits_departures', schema=None) as batch_op:
        batch_op.drop_index('ix_visits_departures_site_time')

    op.drop_table('visits_departures')
    op.drop_table('visits_days')
    with op.batch_alter_table('visits_calendar_feeds', schema=None) as batch_op:
        batch_op.drop_index('uq_visits_calendar_feeds_site', sqlite_where=sa.text('revoked_at IS NULL AND site_id IS NOT NULL'), postgresql_where=sa.text('revoked_at IS NULL AND site_id IS NOT NULL'))
        batch_op.drop_index('uq_visits_calendar_feeds_member', sqlite_where=sa.text('revoked_at IS NULL AND member_id IS NOT NULL'), postgresql_where=sa.text('revoked_at IS NULL AND member_id IS NOT NULL'))

    op.drop_table('visits_calendar_feeds')
    with op.batch_alter_table('sites_technologies', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sites_technologies_site_id'))

    op.drop_table('sites_technologies')
    with op.batch_alter_table('sites_photos', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sites_photos_site_id'))

    op.drop_table('sites_photos')
    with op.batch_alter_table('sites_opening_rules', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sites_opening_rules_site_id'))

    op.drop_table('sites_opening_rules')
    with op.batch_alter_table('sites_notices', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sites_notices_site_id'))

    op.drop_table('sites_notices')
    with op.batch_alter_table('sites_indicators', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sites_indicators_site_id'))

    op.drop_table('sites_indicators')
    with op.batch_alter_table('sites_closures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sites_closures_site_id'))

    op.drop_table('sites_closures')
    with op.batch_alter_table('identity_staff_sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_staff_sessions_staff_id'))

    op.drop_table('identity_staff_sessions')
    with op.batch_alter_table('identity_role_grants', schema=None) as batch_op:
        batch_op.drop_index('uq_identity_role_grants_live', sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_identity_role_grants_staff_id'))
        batch_op.drop_index(batch_op.f('ix_identity_role_grants_site_id'))
        batch_op.drop_index(batch_op.f('ix_identity_role_grants_organisation_id'))

    op.drop_table('identity_role_grants')
    with op.batch_alter_table('identity_recovery_codes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_recovery_codes_staff_id'))

    op.drop_table('identity_recovery_codes')
    with op.batch_alter_table('identity_password_history', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_password_history_staff_id'))

    op.drop_table('identity_password_history')
    with op.batch_alter_table('identity_gate_devices', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_gate_devices_site_id'))

    op.drop_table('identity_gate_devices')
    op.drop_table('visits_standings')
    with op.batch_alter_table('sites_sites', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sites_sites_operator_id'))
        batch_op.drop_index('ix_sites_sites_listing')

    op.drop_table('sites_sites')
    with op.batch_alter_table('messaging_messages', schema=None) as batch_op:
        batch_op.drop_index('ix_messaging_messages_newest')

    op.drop_table('messaging_messages')
    with op.batch_alter_table('kernel_deliveries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_kernel_deliveries_event_id'))
        batch_op.drop_index('ix_kernel_deliveries_due')

    op.drop_table('kernel_deliveries')
    with op.batch_alter_table('identity_staff', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_staff_organisation_id'))

    op.drop_table('identity_staff')
    with op.batch_alter_table('identity_member_sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_member_sessions_refresh_expires_at'))
        batch_op.drop_index(batch_op.f('ix_identity_member_sessions_member_id'))
        batch_op.drop_index(batch_op.f('ix_identity_member_sessions_family_id'))

    op.drop_table('identity_member_sessions')
    with op.batch_alter_table('identity_consents', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_consents_member_id'))

    op.drop_table('identity_consents')
    op.drop_table('kernel_heartbeat')
    with op.batch_alter_table('kernel_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_kernel_events_occurred_at'))

    op.drop_table('kernel_events')
    op.drop_table('kernel_calendar_days')
    op.drop_table('kernel_audit_head')
    with op.batch_alter_table('kernel_audit', schema=None) as batch_op:
        batch_op.drop_index('ix_kernel_audit_object')
        batch_op.drop_index(batch_op.f('ix_kernel_audit_at'))
        batch_op.drop_index(batch_op.f('ix_kernel_audit_actor_id'))

    op.drop_table('kernel_audit')
    with op.batch_alter_table('kernel_answers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_kernel_answers_kept_at'))

    op.drop_table('kernel_answers')
    with op.batch_alter_table('identity_sign_in_failures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_sign_in_failures_last_failed_at'))

    op.drop_table('identity_sign_in_failures')
    op.drop_table('identity_organisations')
    with op.batch_alter_table('identity_members', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identity_members_phone_index'))

    op.drop_table('identity_members')
    op.drop_table('identity_erasures')
