/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/**
 * Each moment as a date and as a time before `now`, in words: the platform knows every language's. The time zone is the
 * one that the request comes from.
 * @param {Request<unknown, IncomingRequestCfProperties>} request
 * @param {string} language
 * @param {number} now
 * @param {Float64Array} moments
 */
export function datesOf(request, language, now, moments) {
  const dates = dateFormat(language, request.cf?.timezone);
  const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  return Array.from(moments).flatMap((moment) => {
    const seconds = (now - moment) / 1000;
    const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["second", Number.POSITIVE_INFINITY];
    return [dates.format(moment), ago.format(0 - Math.floor(seconds / length), unit)];
  });
}

/**
 * @param {string} language
 * @param {string | undefined} timeZone
 */
function dateFormat(language, timeZone) {
  /** @type {Intl.DateTimeFormatOptions} */
  const style = { dateStyle: "medium", timeStyle: "short" };
  try {
    return new Intl.DateTimeFormat(language, { ...style, timeZone: timeZone ?? "UTC" });
  } catch {
    // A time zone that is younger than the runtime.
    return new Intl.DateTimeFormat(language, { ...style, timeZone: "UTC" });
  }
}
