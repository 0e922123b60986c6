// What netdash uses of other people's scripts without a public promise. A new release may change any of it. Only this
// file uses it, and docs/develop/upstream.md says what stops working without it. The types name every part of another
// script that netdash uses: `make lint` refuses a part that is not named here.

/**
 * The part of a widget model that anywidget gives to a script. It is public.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(message: object) => void} send
 * @property {(event: string, callback: (...details: any[]) => void) => void} on
 *
 * A model as ipywidgets has it. The names with an underscore and `rememberLastUpdateFor` are private, and there is no public
 * way to `widget_manager`.
 * @typedef {object} PrivateModel
 * @property {boolean} comm_live whether a kernel has the model too; public in a model of ipywidgets
 * @property {object | null} _state_lock set while ipywidgets writes what the kernel sent
 * @property {number} _pending_msgs changes sent to the kernel and not answered
 * @property {object | null} _msg_buffer the change that waits for that answer
 * @property {Map<string, string>} _expectedEchoMsgIds by trait the last message that the kernel has still to echo
 * @property {(state: object) => void} set_state
 * @property {(state: object) => string} send_sync_message
 * @property {(message: string) => void} rememberLastUpdateFor
 *
 * @typedef {Model & PrivateModel} WholeModel
 *
 * The kernel of the page, as JupyterLab has it.
 * @typedef {object} Signal
 * @property {(slot: (sender: unknown, value: string) => void) => void} connect
 * @property {(slot: (sender: unknown, value: string) => void) => void} disconnect
 * @typedef {object} Kernel
 * @property {string} id
 * @property {string} connectionStatus
 * @property {{ baseUrl: string }} serverSettings
 * @property {() => Promise<void>} reconnect
 * @property {Signal} statusChanged
 * @property {Signal} connectionStatusChanged
 *
 * @typedef {object} WidgetManager
 * @property {Kernel | undefined} kernel
 * @property {(id: string) => Promise<WholeModel>} get_model
 *
 * What plotly.js calls itself. All of it is public but `_fullLayout` and, in an axis, `_offset`, `_length`, `p2d` and `d2p`.
 * @typedef {object} Axis
 * @property {number[]} range
 * @property {number} _offset pixels from the left or the top of the plot
 * @property {(pixel: number) => number} p2d the value at a pixel of the axis
 * @property {(value: number) => number} d2p the pixel of the axis at a value
 * @property {number} _length pixels of the axis
 * @typedef {object} PlotParts
 * @property {unknown[]} [data]
 * @property {{ xaxis: Axis, yaxis: Axis }} _fullLayout
 * @typedef {HTMLElement & PlotParts} Plot
 * @typedef {object} PlotlyLibrary
 * @property {string} version
 * @property {{ resize: (plot: HTMLElement) => Promise<unknown> }} Plots
 * @property {(plot: HTMLElement, data: object[], layout: object, config: object) => Promise<unknown>} react
 * @property {(plot: HTMLElement) => void} purge
 * @property {(figure: { data: object[], layout: object }, options: object) => Promise<unknown>} downloadImage
 */

/** The round handle of a slider, by noUiSlider. */
export const SLIDER_HANDLE = ".noUi-handle";
/** The button that opens a file, by ipywidgets; its text ends in "(0)", the number of files that it holds. */
export const UPLOAD_BUTTON = ".widget-upload";
/** The parts of a plot that a pointer can hold, by plotly.js. */
export const PLOT_AREA = ".draglayer, .scatterlayer, .infolayer .annotation";
/** The attribute by which JupyterLab leaves keys to the element that has the focus. */
export const KEEPS_KEYS = "data-lm-suppress-shortcuts";

/**
 * The value of an axis at a pixel of the screen, held within the axis.
 * @param {Axis} axis
 * @param {number} pixel from the left or the top of the plot
 */
export function valueAt(axis, pixel) {
  const [low, high] = [...axis.range].sort((a, b) => a - b);
  return Math.round(Math.min(Math.max(axis.p2d(pixel - axis._offset), low), high));
}

/**
 * The value of an axis at a pixel of the plot, also beyond the ends of the axis.
 * @param {Axis} axis
 * @param {number} pixel from the left or the top of the plot
 */
export const beyondAt = (axis, pixel) => axis.p2d(pixel - axis._offset);

/**
 * How many pixels a value is from a pixel of the plot; undefined where that pixel is beside the axis.
 * @param {Axis} axis
 * @param {number} value
 * @param {number} pixel
 */
export function gapAt(axis, value, pixel) {
  const along = pixel - axis._offset;
  return along < 0 || along > axis._length ? undefined : Math.abs(axis.d2p(value) - along);
}

/** @param {Plot} plot */
export const axesOf = (plot) => plot._fullLayout;

/**
 * The words of a choice, in the order of its indices.
 * @param {Model} control
 * @returns {string[]}
 */
export const wordsOf = (control) => control.get("_options_labels");

/**
 * The model behind a reference as Python writes it. anywidget itself gives the public part only.
 * @param {WidgetManager} manager
 * @param {string} reference
 */
export const wholeModel = (manager, reference) => manager.get_model(reference.replace("anywidget:", ""));

/**
 * Whether no kernel has a model: it was saved with a notebook.
 * @param {WholeModel} model
 */
export const isSaved = (model) => !model.comm_live;

/**
 * Whether the value that changes now comes from the kernel.
 * @param {WholeModel} model
 */
export const comesFromKernel = (model) => model._state_lock !== null;

/**
 * Whether the kernel has still to answer a change.
 * @param {WholeModel} model
 */
export const isUnanswered = (model) => model._pending_msgs > 0;

/**
 * The message that the kernel has still to echo.
 * @param {WholeModel} model
 * @param {string} trait
 */
export const expectedEcho = (model, trait) => model._expectedEchoMsgIds.get(trait);

/**
 * Makes a model send its changes again. ipywidgets sends none while it waits for an answer, also one that was lost.
 * @param {WholeModel} model
 */
export const stopWaiting = (model) => Object.assign(model, { _pending_msgs: 0, _msg_buffer: null });

/**
 * Sends the change that a model keeps until the kernel has answered the change before it.
 * @param {WholeModel} model
 */
export function sendWaiting(model) {
  if (!model._msg_buffer) return;
  const state = model._msg_buffer;
  model._msg_buffer = null;
  model.rememberLastUpdateFor(model.send_sync_message(state));
}
