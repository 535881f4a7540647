// What results, times and parties are called; Beijing's time whatever the tablet is set to.

const TIME = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric" });

export const RESULTS = {
  ok: { title: "可以入场", tone: "good", icon: "person-check", sound: "question" },
  admitted: { title: "已入场", tone: "good", icon: "check-circle", sound: "good" },
  queued: { title: "已放行，待上传", tone: "good", icon: "hourglass-split", sound: "good" },
  undone: { title: "已撤销", tone: "quiet", icon: "arrow-counterclockwise", sound: "question" },
  already_used: {
    title: "已经用过", tone: "warning", icon: "exclamation-triangle", sound: "warning",
    advice: "请核对身份；确是本人而票被误扫，可在“最近核销”里撤销那一次。",
  },
  revoked: {
    title: "票已作废", tone: "danger", icon: "x-circle", sound: "bad",
    advice: "预约已取消或改过，请游客打开“我的预约”出示最新的入场券。",
  },
  wrong_site: {
    title: "不是这里今天的票", tone: "danger", icon: "x-circle", sound: "bad",
    advice: "请核对入场券上的示范点和日期。",
  },
  too_early: {
    title: "还没到入场时间", tone: "warning", icon: "clock", sound: "warning",
    advice: "请游客按场次时间再来扫码。",
  },
  too_late: {
    title: "已过入场时间", tone: "danger", icon: "clock-history", sound: "bad",
    advice: "有余位时可按“现场登记”放行。",
  },
  invalid: {
    title: "无法识别", tone: "danger", icon: "x-circle", sound: "bad",
    advice: "请核对票码，或让游客重新打开入场券再扫一次。",
  },
};

const TODAY = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", month: "long", day: "numeric", weekday: "short",
});

// 11月28日（周六）
export function today(now) {
  const parts = Object.fromEntries(TODAY.formatToParts(now).map(({ type, value }) => [type, value]));
  return `${parts.month}月${parts.day}日（${parts.weekday}）`.replace("月月", "月");
}

export const hours = (at) => TIME.format(typeof at === "string" ? Date.parse(at) : at);

export const span = ({ starts_at: begins, ends_at: ends }) => `${hours(begins)}–${hours(ends)}`;

export function clockTime(at, now) {
  const day = DAY.format(Date.parse(at));
  return day === DAY.format(now) ? hours(at) : `${day} ${hours(at)}`;
}

export function partyWords(booking) {
  const { party, seats } = booking;
  if (!party) return `共 ${seats} 人`;
  const kinds = [party.adults && `成人 ${party.adults}`, party.children && `儿童 ${party.children}`];
  return `共 ${seats} 人（${kinds.filter(Boolean).join("，")}）`;
}

export function needsWords(booking) {
  return [booking.wheelchairs && `轮椅 ${booking.wheelchairs}`, booking.sign_language && "需要手语"]
    .filter(Boolean).join("，");
}

export const whoWords = (booking) =>
  [booking.contact?.name_masked, booking.contact?.phone_masked].filter(Boolean).join("　");
