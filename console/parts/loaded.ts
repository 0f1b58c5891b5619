import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  readonly reload: () => void;
}

/** Loads a value, and loads it again when one of `keys` changes. Late answers to old keys are dropped. */
export function useLoaded<T>(load: () => Promise<T>, keys: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown }>({});
  const turn = useRef(0);
  const reload = useCallback(() => {
    turn.current += 1;
    const own = turn.current;
    load().then(
      (value) => own === turn.current && setState({ value }),
      (error: unknown) => own === turn.current && setState({ error }),
    );
  }, keys as unknown[]);
  useEffect(() => {
    reload();
    return () => {
      turn.current += 1;
    };
  }, [reload]);
  return { value: state.value, error: state.error, reload };
}

/** Runs actions of buttons one at a time, and keeps the error of the last one. */
export function useAction(): {
  readonly busy: boolean;
  readonly error: unknown;
  readonly act: (action: () => Promise<unknown>) => void;
} {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const act = (action: () => Promise<unknown>): void => {
    setBusy(true);
    setError(undefined);
    action()
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return { busy, error, act };
}
