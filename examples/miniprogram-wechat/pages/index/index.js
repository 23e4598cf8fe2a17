const { topic } = require("../../config");

Page({
  data: { state: "", engine: "", messages: [], text: "" },

  async onLoad() {
    const { mqtt } = getApp();
    this.off = mqtt.on("state", () => this.showState(mqtt));
    this.showState(mqtt);
    try {
      this.subscription = await mqtt.subscribe(topic, { qos: 1 }, (message) => {
        const line = { id: Date.now() + Math.random(), text: message.text() };
        this.setData({ messages: this.data.messages.concat(line).slice(-50) });
      });
    } catch ({ message }) {
      this.setData({ state: message });
    }
  },

  onUnload() {
    this.off();
    if (this.subscription) this.subscription.unsubscribe().catch(console.warn);
  },

  showState({ state, engine }) {
    this.setData({ state, engine: engine || "" });
  },

  onInput({ detail }) {
    this.setData({ text: detail.value });
  },

  async onSend() {
    const { text } = this.data;
    this.setData({ text: "" });
    try {
      // Resolves when the message is in the outbox; it leaves as soon as there is a connection.
      await getApp().mqtt.publish(topic, text, { qos: 1, until: "stored" });
    } catch ({ message }) {
      this.setData({ state: message });
    }
  },
});
