// The card form of the gateway's stand-in.
const wish = new URLSearchParams(location.search);
const amount = Number(wish.get("amount"));

document.getElementById("name").textContent = wish.get("orderName");
document.getElementById("amount").textContent = new Intl.NumberFormat("ko-KR").format(amount) + "원";

/** Back to a page that asked, with what it is to know; only to one on this machine. */
function back(to, values) {
  const url = new URL(wish.get(to));
  if (!["127.0.0.1", "localhost", "[::1]"].includes(url.hostname)) throw new Error("not a page of this machine");
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  location.replace(url);
}

const form = document.getElementById("form");

/** Whether its buttons can be pressed: not before there is something behind them, and not twice. */
function offer(offered) {
  for (const button of form.querySelectorAll("button")) button.disabled = !offered;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const orderId = wish.get("orderId");
  if (event.submitter.value === "cancel") {
    // Toss Payments names no order when the customer leaves; it does in every other failure.
    back("failUrl", { code: "PAY_PROCESS_CANCELED", message: "canceled" });
    return;
  }
  offer(false);
  const card = new FormData(form).get("card");
  const response = await fetch("/dev/payment-keys", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ card, amount, orderId }),
  });
  if (response.ok) {
    const { paymentKey } = await response.json();
    back("successUrl", { paymentType: "NORMAL", orderId, paymentKey, amount });
  } else {
    back("failUrl", { code: "PROVIDER_ERROR", message: "the form was refused", orderId });
  }
});
offer(true);
