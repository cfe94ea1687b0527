// What the Worker uses of `detect-browser`. The package's own declarations name Node's types, which are not the Worker's.

export function browserName(userAgent: string): string | null;
export function detectOS(userAgent: string): string | null;
