"""Card payments with frauds, after the published description of the simulator in "Reproducible Machine Learning for Credit Card
Fraud Detection - Practical Handbook" (Le Borgne, Siblini, Lebichot, Bontempi, 2022), chapter 3.

`payments()` draws them, `features()` gives the fifteen columns that the book learns from. Customers live at random places of a
square of side 100 and pay at terminals less than 5 away; each has an own mean amount (5 to 100, its deviation half of that) and
number of payments a day (Poisson of mean 0 to 4), spread about noon. Frauds are amounts above 220; all payments for 28 days at
two terminals drawn each day; and a third of the payments for 14 days of three customers drawn each day, at five times the amount.

The random numbers are those of NumPy's and Python's generators with the seeds of the book (customers 0, terminals 1, each
customer's payments by its number, frauds by the day), so that with seed 0 the 1 754 155 payments are those of the book.
"""

import random

import numpy

DAY = 86_400
FIRST_DAY = "2018-04-01"
FEATURES = (
    "amount weekend night "
    "customer_count_1 customer_mean_1 customer_count_7 customer_mean_7 customer_count_30 customer_mean_30 "
    "terminal_count_1 terminal_risk_1 terminal_count_7 terminal_risk_7 terminal_count_30 terminal_risk_30"
).split()
# Frauds at a terminal are known a week later.
DELAY = 7


def payments(customers=5000, terminals=10_000, days=183, radius=5.0, seed=0):
    """Arrays by name, in the order of time: `time` (seconds since the first midnight), `customer`, `terminal`, `amount`, `fraud`
    (0, or the number of its scenario)."""
    draw = numpy.random.RandomState(seed)
    profile = draw.uniform(size=(customers, 4)) * [100, 100, 95, 4] + [0, 0, 5, 0]
    place = numpy.random.RandomState(seed + 1).uniform(0, 100, (terminals, 2))
    rows = []
    for customer, (x, y, mean, rate) in enumerate(profile):
        near = numpy.flatnonzero(numpy.hypot(place[:, 0] - x, place[:, 1] - y) < radius).tolist()
        rows += spent(customer, mean, rate, near, days, seed)
    time, customer, terminal, amount = (numpy.array(column) for column in zip(*rows))
    order = numpy.argsort(time, kind="stable")
    made = {"time": time[order], "customer": customer[order], "terminal": terminal[order], "amount": amount[order]}
    made["fraud"] = frauds(made, customers, terminals, seed)
    return made


def spent(customer, mean, rate, near, days, seed):
    """What one customer pays: rows of time, customer, terminal and amount."""
    draw, choice = numpy.random.RandomState(customer + seed), random.Random(customer + seed)
    rows = []
    for day in range(days):
        for _ in range(draw.poisson(rate)):
            second = int(draw.normal(DAY / 2, 20_000))
            if not 0 < second < DAY:
                continue
            amount = draw.normal(mean, mean / 2)
            if amount < 0:
                amount = draw.uniform(0, 2 * mean)
            if near:
                rows.append((second + day * DAY, customer, choice.choice(near), round(amount, 2)))
    return rows


def frauds(made, customers, terminals, seed):
    """The scenario of each payment; amounts of the third are raised in place."""
    day = made["time"] // DAY
    fraud = (made["amount"] > 220).astype(int)

    def within(column, drawn, start, length):
        return numpy.flatnonzero(numpy.isin(column, drawn) & (day >= start) & (day < start + length))

    for start in range(day.max()):
        drawn = numpy.random.RandomState(start + seed).choice(terminals, 2, replace=False)
        fraud[within(made["terminal"], drawn, start, 28)] = 2
    for start in range(day.max()):
        drawn = numpy.random.RandomState(start + seed).choice(customers, 3, replace=False)
        among = within(made["customer"], drawn, start, 14).tolist()
        stolen = random.Random(start + seed).sample(among, len(among) // 3)
        made["amount"][stolen] *= 5
        fraud[stolen] = 3
    return fraud


def features(made):
    """Rows by the columns FEATURES: what is known when a payment is made. Windows are of days up to the payment and with it; of
    a terminal they end a week before, since frauds are known later."""
    time, amount, fraud = made["time"], made["amount"], made["fraud"] > 0
    weekday = (time // DAY + numpy.datetime64(FIRST_DAY, "D").astype(int) + 3) % 7
    columns = [amount, weekday >= 5, time % DAY // 3600 <= 6]
    customer = windows(made["customer"], time, amount, [1, 7, 30])
    for count, total in customer:
        columns += [count, total / count]
    ends = windows(made["terminal"], time, fraud, [DELAY, DELAY + 1, DELAY + 7, DELAY + 30])
    for count, total in ends[1:]:
        count, total = count - ends[0][0], total - ends[0][1]
        columns += [count, total / numpy.maximum(count, 1)]
    return numpy.stack([numpy.asarray(column, float) for column in columns], 1)


def windows(group, time, value, lengths):
    """Of each payment, for each length in days: how many of its group are less than so long before it, itself among them, and
    the sum of their values."""
    order = numpy.lexsort((numpy.arange(len(time)), group))
    total = numpy.concatenate([[0.0], numpy.cumsum(value[order])])
    # Groups apart by more than any window, so that one sorted array holds all of them.
    apart = time[order] + group[order] * (int(time.max()) + 100 * DAY)
    last = numpy.arange(1, len(time) + 1)
    found = []
    for length in lengths:
        first = numpy.searchsorted(apart, apart - length * DAY, side="right")
        count, added = numpy.empty(len(time)), numpy.empty(len(time))
        count[order], added[order] = last - first, total[last] - total[first]
        found.append((count, added))
    return found
