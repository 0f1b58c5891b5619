import type { Words } from "./completion-words.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

/** Writes the completion of a shell. Where no word fits, it completes names of files. */
export function scriptFor(shell: (typeof SHELLS)[number], all: readonly Words[]): string {
  if (shell === "fish") return fish(all);
  return shell === "bash" ? bash(all) : zsh(all);
}

/**
 * Writes the part of bash and zsh that finds the words to choose from. It takes the longest path of
 * commands among the words before the one at the cursor.
 */
function choicesOf(all: readonly Words[], before: string): string {
  const paths = all.map(({ path }) => `"${path}"`).join("|");
  const cases = all.map(({ path, words }) => `    "${path}") choices="${words.join(" ")}" ;;`);
  return `  local line="" next word choices=""
  for word in ${before}; do
    case "$word" in -*) continue ;; esac
    next="\${line:+$line }$word"
    case "$next" in
    ${paths}) line="$next" ;;
    *) break ;;
    esac
  done
  case "$line" in
${cases.join("\n")}
  esac`;
}

function bash(all: readonly Words[]): string {
  return `_isolate() {
${choicesOf(all, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  COMPREPLY=($(compgen -W "$choices" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _isolate isolate
`;
}

function zsh(all: readonly Words[]): string {
  return `#compdef isolate
_isolate() {
${choicesOf(all, `"\${(@)words[2,CURRENT-1]}"`)}
  compadd -- \${=choices} || _files
}
compdef _isolate isolate
`;
}

function fish(all: readonly Words[]): string {
  const lines = all.flatMap(({ path, words }) =>
    words.map((word) => `complete -c isolate -n '__isolate_at "${path}"' -a '${word}'`),
  );
  const paths = all.flatMap(({ path }) => (path === "" ? [] : [`'${path}'`])).join(" ");
  return `function __isolate_at
  set -l line ''
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; and continue
    set -l next (string trim "$line $word")
    contains -- $next ${paths}; or break
    set line $next
  end
  test "$line" = "$argv[1]"
end
${lines.join("\n")}
`;
}
