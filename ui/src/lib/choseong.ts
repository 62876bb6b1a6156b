// Matching for the command palette: plain substring, initial consonants (ㄷㅅㅂㄷ finds 대시보드), and Hangul meant
// but typed on a Latin layout (`eotlqhem` finds 대시보드).

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const KEYS: Record<string, string> = {
  ㄱ: "r",
  ㄲ: "R",
  ㄴ: "s",
  ㄷ: "e",
  ㄸ: "E",
  ㄹ: "f",
  ㅁ: "a",
  ㅂ: "q",
  ㅃ: "Q",
  ㅅ: "t",
  ㅆ: "T",
  ㅇ: "d",
  ㅈ: "w",
  ㅉ: "W",
  ㅊ: "c",
  ㅋ: "z",
  ㅌ: "x",
  ㅍ: "v",
  ㅎ: "g",
};
const VOWEL_KEYS = [
  "k",
  "o",
  "i",
  "O",
  "j",
  "p",
  "u",
  "P",
  "h",
  "hk",
  "ho",
  "hl",
  "y",
  "n",
  "nj",
  "np",
  "nl",
  "b",
  "m",
  "ml",
  "l",
];
const FINAL_KEYS = [
  "",
  "r",
  "R",
  "rt",
  "s",
  "sw",
  "sg",
  "e",
  "f",
  "fr",
  "fa",
  "fq",
  "ft",
  "fx",
  "fv",
  "fg",
  "a",
  "q",
  "qt",
  "t",
  "T",
  "d",
  "w",
  "c",
  "z",
  "x",
  "v",
  "g",
];

const syllable = (char: string): number => {
  const code = char.charCodeAt(0) - 0xac00;
  return code >= 0 && code < 11172 ? code : -1;
};

/** The initial consonant of each Hangul syllable; other characters stay. */
export function initials(text: string): string {
  return [...text]
    .map((char) => {
      const index = syllable(char);
      return index < 0 ? char : (INITIALS[Math.floor(index / 588)] ?? char);
    })
    .join("");
}

/** The Latin keys a two-set Korean keyboard is struck on to write this text. */
export function keystrokes(text: string): string {
  return [...text]
    .map((char) => {
      const index = syllable(char);
      if (index < 0) return KEYS[char] ?? char;
      const lead = KEYS[INITIALS[Math.floor(index / 588)] ?? ""] ?? "";
      return `${lead}${VOWEL_KEYS[Math.floor((index % 588) / 28)] ?? ""}${FINAL_KEYS[index % 28] ?? ""}`;
    })
    .join("");
}

/** How well a text fits what was typed: higher is better, 0 is no match. */
export function score(typed: string, text: string): number {
  const needle = typed.trim().toLowerCase();
  if (needle === "") return 1;
  const hay = text.toLowerCase();
  if (hay === needle) return 100;
  if (hay.startsWith(needle)) return 80;
  if (hay.split(/[\s/._:-]+/).some((word) => word.startsWith(needle))) return 60;
  if (hay.includes(needle)) return 40;
  const compact = needle.replace(/\s/g, "");
  if (/^[ㄱ-ㅎ]+$/.test(compact) && initials(hay).replace(/\s/g, "").includes(compact)) return 50;
  if (/^[a-z]+$/.test(compact) && compact.length > 1) {
    const keys = keystrokes(text).toLowerCase().replace(/\s/g, "");
    if (/[가-힣]/.test(text) && keys.startsWith(compact)) return 30;
  }
  return 0;
}
