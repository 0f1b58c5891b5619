import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Series } from "../executions/series.ts";

interface Props {
  readonly title: string;
  /** Text with what the chart shows, for those who do not see it. */
  readonly summary: string;
  readonly data: Series;
  /** Names of the page's colours, one for each series. */
  readonly colours: readonly string[];
  readonly kind: "bars" | "points";
}

const HEIGHT = 180;

/** Draws values over time. */
export function Chart({ title, summary, data, colours, kind }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = place.current as HTMLDivElement;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    let chart: uPlot | undefined;
    const draw = (): void => {
      chart?.destroy();
      chart = new uPlot(optionsOf(host, colours, kind), data, host);
    };
    draw();
    const observer = new ResizeObserver(() =>
      chart?.setSize({ width: host.clientWidth, height: HEIGHT }),
    );
    observer.observe(host);
    dark.addEventListener("change", draw);
    return () => {
      observer.disconnect();
      dark.removeEventListener("change", draw);
      chart?.destroy();
    };
  }, [data, colours, kind]);
  return (
    <figure>
      <figcaption>
        <strong>{title}</strong> <span class="muted">{summary}</span>
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

function optionsOf(
  host: HTMLElement,
  colours: readonly string[],
  kind: Props["kind"],
): uPlot.Options {
  const axis = {
    stroke: colourOf(host, "--muted"),
    grid: { stroke: colourOf(host, "--line"), width: 1 },
    ticks: { show: false },
  };
  const bars = uPlot.paths.bars?.({ size: [0.9, 40] });
  return {
    width: host.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_chart, _least, most) => [0, Math.max(most ?? 0, 1) * 1.1] } },
    axes: [axis, axis],
    series: [
      {},
      ...colours.map((name) => {
        const colour = colourOf(host, name);
        if (kind === "points") {
          return {
            stroke: colour,
            paths: () => null,
            points: { show: true, size: 5, fill: colour },
          };
        }
        return {
          stroke: colour,
          fill: colour,
          ...(bars && { paths: bars }),
          points: { show: false },
        };
      }),
    ],
  };
}

/** Computes a colour of the page, which depends on light and dark. */
function colourOf(host: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
