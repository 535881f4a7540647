"""Members, staff, gate devices: who they are, how they sign in, what they may do, and what they agreed to.

Beside the usual files: `permissions` is the policy as one table; `passwords`, `password_rules`, `totp` and
`lockout` are what signing in rests on, each readable alone; `authentication` and `staff_authentication`
recognise tokens for `web.auth`; `doorway` is what the edges that let staff in share. `consent_texts` are
the words members agree to; through `personal_data` the features above register what of a member they hold,
and through `handover` what waits on the desk of a member of staff who leaves.
"""
