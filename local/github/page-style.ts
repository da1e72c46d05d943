export const style = `
:root { color-scheme: light dark; --line: light-dark(#d5d9df, #3a3f47); --quiet: light-dark(#5b6470, #9aa3ae);
  --soft: light-dark(#f5f7f9, #1c2026); --added: light-dark(#dafbe1, #12361f); --removed: light-dark(#ffebe9, #4a1a1c);
  --place: light-dark(#ddf4ff, #132d45); --link: light-dark(#0b5cad, #7db7ff); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#fff, #14171b); color: light-dark(#1d2228, #e4e8ec); }
header, main { max-width: 60rem; margin: 0 auto; padding: 0.75rem 1rem; }
header { display: flex; gap: 1.25rem; border-bottom: 1px solid var(--line); }
a { color: var(--link); }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 0.5rem; }
h2 { font-size: 1.15rem; margin: 1.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0; padding: 0.5rem 1rem; background: var(--soft); border-bottom: 1px solid var(--line); }
small, .quiet { color: var(--quiet); font-weight: normal; font-size: 0.85em; }
.list { list-style: none; padding: 0; margin: 0; border: 1px solid var(--line); border-radius: 6px; }
.list li { padding: 0.6rem 1rem; } .list li + li { border-top: 1px solid var(--line); }
.list small { display: block; }
article { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; overflow: hidden; }
article > :not(h3) { margin: 0.75rem 1rem; overflow-wrap: anywhere; }
article > .reactions:empty { display: none; } .reactions span { margin-right: 0.4rem; }
.state { padding: 0.15rem 0.7rem; border-radius: 1rem; background: var(--added); } .state.closed { background: var(--removed); }
.labels:empty { display: none; } .labels span { padding: 0.1rem 0.6rem; margin-right: 0.4rem; border: 1px solid var(--line); border-radius: 1rem; font-size: 0.85rem; }
code, pre { font: 0.86em/1.5 ui-monospace, monospace; }
code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 4px; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem; overflow-x: auto; margin: 0; }
.diff { padding: 0; } .diff span { display: block; padding: 0 0.75rem; min-width: max-content; }
.added { background: var(--added); } .removed { background: var(--removed); } .place { background: var(--place); }
.file { color: var(--quiet); }
blockquote { margin: 0; padding-left: 0.75rem; border-left: 3px solid var(--line); color: var(--quiet); }
table { border-collapse: collapse; width: 100%; font-size: 0.88rem; }
td { border-top: 1px solid var(--line); padding: 0.35rem 0.5rem; vertical-align: top; overflow-wrap: anywhere; }
td:first-child { font-variant-numeric: tabular-nums; white-space: nowrap; }
`;
