import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly rows?: number;
  readonly isSecret?: boolean;
  readonly required?: boolean;
}

/** Shows a field for text: of one line, or of `rows`. */
export function Field({ label, value, onChange, hint, rows, isSecret, required }: FieldProps) {
  const id = useId();
  const common = {
    id,
    value,
    required: required === true,
    spellcheck: false,
    autocomplete: "off",
    onInput: (event: Event) => onChange((event.target as HTMLInputElement).value),
    ...(hint !== undefined && { "aria-describedby": `${id}-hint` }),
  } as const;
  const control = () => {
    if (rows !== undefined) return <textarea rows={rows} {...common} />;
    return isSecret ? <input type="password" {...common} /> : <input type="text" {...common} />;
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {control()}
      {hint !== undefined && (
        <small id={`${id}-hint`} class="muted">
          {hint}
        </small>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (string | readonly [value: string, text: string])[];
  readonly onChange: (value: string) => void;
}

/** Shows a menu. */
export function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange((event.target as HTMLSelectElement).value)}
      >
        {options.map((option) => {
          const [key, text] = typeof option === "string" ? [option, option] : option;
          return (
            <option key={key} value={key}>
              {text}
            </option>
          );
        })}
      </select>
    </div>
  );
}

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly main?: boolean;
  readonly disabled?: boolean;
  readonly label?: string;
}

export function Button({ children, onClick, main, disabled = false, label }: ButtonProps) {
  return (
    <button
      type={onClick === undefined ? "submit" : "button"}
      class={main ? "main" : ""}
      disabled={disabled}
      aria-label={label}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
