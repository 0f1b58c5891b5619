import { oneOf } from "../code/request-flags.ts";
import { SHELLS, scriptFor } from "../command/completion-script.ts";
import { wordsOf } from "../command/completion-words.ts";
import { defineCommand } from "../command/define.ts";

/** `isolate completion`: a script that a shell reads, which asks nobody when it completes. */
export const completion = defineCommand({
  meta: {
    name: "completion",
    description: "Writes the completion of a shell",
    examples: [
      "source <(isolate completion bash)",
      "isolate completion zsh > ~/.zfunc/_isolate",
      "isolate completion fish > ~/.config/fish/completions/isolate.fish",
    ],
  },
  args: { shell: { type: "positional", description: SHELLS.join(", "), required: true } },
  async run({ args, context }) {
    const shell = oneOf("shell", args.shell, SHELLS);
    process.stdout.write(scriptFor(shell, await wordsOf(context.root)));
  },
});
