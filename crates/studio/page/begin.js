// What the list of runs needs, asked for before the other modules are here.

const isList = location.hash.replace(/^#\/?/, "").split("?")[0] === "";
export const early = isList ? fetch("/api/runs?seen=") : null;
