/** Entry of the console: a page that uses the public API with a key of its reader. */
import { render } from "preact";
import { App } from "./app.tsx";
import "uplot/dist/uPlot.min.css";
import "./style.css";

render(<App />, document.body);
