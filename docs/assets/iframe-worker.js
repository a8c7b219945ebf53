// A page that is opened from disk may start no worker; for the search, a hidden frame does what a worker would do.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const waiting = [];
      let inside = null;
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<!doctype html><title>search</title>";
      frame.addEventListener("load", () => {
        const room = frame.contentWindow;
        // What the frame says goes to the page; what the page says arrives in the frame as a message.
        room.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
        const script = room.document.createElement("script");
        script.src = address;
        script.addEventListener("load", () => {
          inside = room;
          waiting.forEach((data) => this.hand(room, data));
        });
        room.document.head.append(script);
      }, { once: true });
      this.postMessage = (data) => (inside ? this.hand(inside, data) : waiting.push(data));
      this.terminate = () => frame.remove();
      document.documentElement.append(frame);
    }
    hand(room, data) {
      room.dispatchEvent(new room.MessageEvent("message", { data }));
    }
  };
}
