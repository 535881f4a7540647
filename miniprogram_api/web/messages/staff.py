"""Texts of what can go wrong when staff sign in and when accounts are administered."""

MESSAGES = {
    "auth.bad_credentials": ("用户名或密码不正确。", "The username or the password is wrong."),
    "auth.totp_required": (
        "请输入身份验证器上的动态验证码，或一个恢复码。",
        "Enter the code of your authenticator, or a recovery code.",
    ),
    "auth.totp_rejected": (
        "验证码不正确、已过期或已使用过，请等待下一个验证码再试。",
        "The code is wrong, over, or was used before; wait for the next one.",
    ),
    "auth.second_factor_due": (
        "此操作需要再次验证身份，请输入动态验证码后重试。",
        "Enter a fresh code of your authenticator for this, then try again.",
    ),
    "auth.totp_enrolment_required": (
        "此账号尚未绑定动态验证码，请先完成绑定再登录。",
        "This account has no second factor yet; enrol one, then sign in.",
    ),
    "auth.totp_already_enrolled": (
        "此账号已绑定动态验证码；如更换手机，请联系系统管理员重置。",
        "This account has a second factor already; ask an administrator to reset it.",
    ),
    "auth.totp_enrolment_not_begun": (
        "请先获取绑定二维码，再提交验证码。",
        "Begin the enrolment first, then confirm it with a code.",
    ),
    "auth.locked_out": (
        "登录失败次数过多，请 {retry_after_s} 秒后再试。",
        "Too many failed sign-ins; try again in {retry_after_s} seconds.",
    ),
    "staff.username_taken": ("这个用户名已被使用。", "This username is taken."),
    "staff.organisation_exists": ("同名机构已存在。", "An organisation of this name exists."),
    "staff.named_by_registry": (
        "登记系统按名称认出这个运营机构（它没有信用代码），改名后会被当成另一个机构。请在登记系统改名或补充信用代码。",
        "The registry knows this operator by its name only; it has to be renamed, or given its code, there.",
    ),
    "staff.not_frozen": ("这项授权没有被冻结。", "This is not frozen."),
    "staff.not_awaiting": ("这项授权不在等待批准。", "This role waits for nobody's approval."),
    "staff.second_person_needed": (
        "授予人不能批准自己的授权，请由另一位管理员批准。",
        "Who gave the role cannot approve it; ask another administrator.",
    ),
    "staff.already_granted": ("该账号已有此范围内的这个角色。", "The account holds this role there already."),
    "staff.own_account": (
        "不能修改自己的账号权限，请由另一位管理员操作。",
        "Nobody changes their own account's rights; ask another administrator.",
    ),
    "staff.password_short": ("密码至少 {least} 个字符。", "At least {least} characters."),
    "staff.password_classes": (
        "密码须包含大写字母、小写字母、数字、符号中的至少 {least} 类。",
        "At least {least} of upper case, lower case, digits and signs.",
    ),
    "staff.password_guessable": (
        "这个密码过于常见或已在泄露名单中，请换一个。",
        "This password is common or known from breaches.",
    ),
    "staff.password_context": (
        "密码不能包含用户名、姓名或本系统、本市的名称。",
        "It must not hold your username, your name, or the name of this product or city.",
    ),
    "staff.password_reused": ("不能使用最近 {last} 次用过的密码。", "Not one of the last {last} passwords."),
    "staff.password_wrong": ("当前密码不正确。", "The present password is wrong."),
    "staff.role_reach": ("该角色不能授予这个范围。", "The role cannot be held over that."),
    "staff.no_such_object": ("所指的对象不存在。", "It points at nothing."),
    "staff.username_form": (
        "用户名为 3 至 60 个小写字母、数字、点、横线或下划线，以字母开头。",
        "3 to 60 lower-case letters, digits, dots, hyphens or underscores, a letter first.",
    ),
    "staff.account_disabled": (
        "该账号已停用，请先恢复账号再发送链接。",
        "The account is disabled; enable it first.",
    ),
    "staff.invitation_over": (
        "这个链接已使用、已被新链接替换或已过期，请联系管理员重新发送。",
        "This link was used, replaced or has expired; ask an administrator for another.",
    ),
    "staff.receiver_needed": (
        "该账号还有未办结的事项，请选择由谁接手。",
        "The account has open tasks; choose who goes on with them.",
    ),
    "staff.receiver_unfit": (
        "接手人须是另一个在用的账号，并有办理这些事项的权限。",
        "It takes another account that is in use and may do these tasks.",
    ),
    "requests.decided": ("这件请求已办结，结果不能再改。", "The request is decided already."),
    "requests.received_later": ("收到日期不能晚于今天。", "It cannot have come after today."),
    "requests.until": (
        "延长后的期限须晚于原期限，且在收到之日起 90 天内。",
        "It must be later than before, and within 90 days of the request.",
    ),
    "settings.unchanged": ("该设置届时已是这个数值，无需修改。", "The setting is that already."),
    "settings.in_force": (
        "这项修改已经生效，不能撤回；如需调整请再改一次。",
        "The change has taken effect; change it again instead.",
    ),
    "settings.out_of_bounds": ("请填写 {least} 至 {most} 之间的整数。", "From {least} to {most}."),
    "settings.over": ("生效时间不能早于现在。", "It cannot take effect in the past."),
}
