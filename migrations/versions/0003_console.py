"""console"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_gate_tables()
    _add_site_tables()
    _add_administration_tables()
    _add_report_tables()


def downgrade() -> None:
    _drop_report_tables()
    _drop_administration_tables()
    _drop_site_tables()
    _drop_gate_tables()


# Gate: what was scanned without a network.


def _add_gate_tables() -> None:
    pass


def _drop_gate_tables() -> None:
    pass


# Sites: changes that can be taken back.


def _add_site_tables() -> None:
    pass


def _drop_site_tables() -> None:
    pass


# Administration: invitations, settings that change at run time, requests about personal data.


def _add_administration_tables() -> None:
    _add_people_tables()
    _add_rule_tables()


def _add_people_tables() -> None:
    op.create_table(
        'identity_staff_invitations',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('staff_id', sa.Uuid(), nullable=False),
        sa.Column('purpose', sa.String(length=32), nullable=False),
        sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.Uuid(), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['staff_id'], ['identity_staff.id'], name=op.f('fk_identity_staff_invitations_staff_id')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_staff_invitations')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_identity_staff_invitations_token_hash')),
    )
    with op.batch_alter_table('identity_staff_invitations', schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f('ix_identity_staff_invitations_staff_id'), ['staff_id'], unique=False
        )
        batch_op.create_index(
            'uq_identity_staff_invitations_living',
            ['staff_id'],
            unique=True,
            sqlite_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'),
            postgresql_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'),
        )
    op.create_table(
        'identity_data_requests',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('number', sa.String(length=24), nullable=False),
        sa.Column('kind', sa.String(length=32), nullable=False),
        sa.Column('channel', sa.String(length=32), nullable=False),
        sa.Column('received_on', sa.Date(), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('file_number', sa.String(length=60), nullable=True),
        sa.Column('state', sa.String(length=32), nullable=False),
        sa.Column('outcome', sa.String(length=500), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('decided_by', sa.Uuid(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_data_requests')),
        sa.UniqueConstraint('number', name=op.f('uq_identity_data_requests_number')),
    )
    with op.batch_alter_table('identity_data_requests', schema=None) as batch_op:
        batch_op.create_index('ix_identity_data_requests_due', ['state', 'due_on', 'id'], unique=False)


def _add_rule_tables() -> None:
    op.create_table(
        'kernel_setting_changes',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.Column('value', sa.Integer(), nullable=False),
        sa.Column('effective_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('changed_by', sa.String(length=64), nullable=False),
        sa.Column('reason', sa.String(length=200), nullable=False),
        sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('withdrawn_by', sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_kernel_setting_changes')),
    )
    with op.batch_alter_table('kernel_setting_changes', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_setting_changes_name', ['name', 'effective_at', 'id'], unique=False)
    op.create_table(
        'visits_default_policies',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('effective_on', sa.Date(), nullable=False),
        sa.Column('numbers', sa.JSON(), nullable=False),
        sa.Column('reason', sa.String(length=200), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_default_policies')),
        sa.UniqueConstraint('version', name=op.f('uq_visits_default_policies_version')),
    )
    with op.batch_alter_table('visits_policies', schema=None) as batch_op:
        batch_op.add_column(sa.Column('default_version', sa.Integer(), nullable=True))


def _drop_administration_tables() -> None:
    # Not in a batch, which would make the table anew under the slots that point to it.
    op.drop_column('visits_policies', 'default_version')
    op.drop_table('visits_default_policies')
    op.drop_table('kernel_setting_changes')
    op.drop_table('identity_data_requests')
    op.drop_table('identity_staff_invitations')


# Reports: what was exported.


def _add_report_tables() -> None:
    pass


def _drop_report_tables() -> None:
    pass
