/**
 * A small data set of the same shape, the same on every machine: for a first look without the
 * recordings, and for tests. Several conversations change the same reservations on purpose.
 */
import type {
  Conversation,
  Dataset,
  Message,
  Passenger,
  Reservation,
  ToolCall,
  User,
} from './shapes.ts';

const people = ['Ada Byron', 'Grace Brewster', 'Alan Mathison', 'Barbara Liskov', 'Edsger Wybe'];
const routes = [
  ['JFK', 'SEA'],
  ['SFO', 'ORD'],
  ['BOS', 'MIA'],
] as const;
const reservationCount = 12;
const conversationCount = 16;

export function madeDataset(): Dataset {
  const users = people.map((person, index): [string, User] => [
    userKey(index),
    madeUser(person, index),
  ]);
  const reservations = Array.from(
    { length: reservationCount },
    (_, index): [string, Reservation] => {
      return [reservationKey(index), madeReservation(index)];
    },
  );
  const conversations = Array.from({ length: conversationCount }, (_, index) => converse(index));
  return { name: 'made by this example', users, reservations, conversations };
}

function userKey(index: number): string {
  const [first = '', last = ''] = (people[index % people.length] ?? '').toLowerCase().split(' ');
  return `${first}_${last}_${1000 + (index % people.length)}`;
}

function reservationKey(index: number): string {
  return `RES${String(index % reservationCount).padStart(3, '0')}`;
}

function madeUser(person: string, index: number): User {
  const [first = '', last = ''] = person.split(' ');
  const card = `credit_card_${2000 + index}`;
  return {
    name: { first_name: first, last_name: last },
    membership: ['regular', 'silver', 'gold'][index % 3] ?? 'regular',
    reservations: [],
    payment_methods: { [card]: { source: 'credit_card', brand: 'visa', id: card } },
  };
}

function madeReservation(index: number): Reservation {
  const [origin, destination] = routes[index % routes.length] ?? routes[0];
  const flight = { origin, destination, flight_number: `HAT${100 + index}`, date: '2024-05-20' };
  return {
    reservation_id: reservationKey(index),
    user_id: userKey(index),
    cabin: 'economy',
    flights: [{ ...flight, price: 100 + index }],
    passengers: [passenger(index)],
    payment_history: [{ payment_id: `credit_card_${2000 + index}`, amount: 100 + index }],
    total_baggages: 0,
    nonfree_baggages: 0,
  };
}

function passenger(index: number): Passenger {
  const [first = '', last = ''] = (people[index % people.length] ?? '').split(' ');
  return { first_name: first, last_name: last, dob: `19${60 + (index % 40)}-01-01` };
}

/** Asks, looks around, changes a reservation that others change too, and thanks. */
function converse(index: number): Conversation {
  const user = userKey(index);
  const reservation = reservationKey(index % 4);
  const [origin, destination] = routes[index % routes.length] ?? routes[0];
  const talk = new Talk(index);
  talk.say(
    'system',
    `Airline policy. ${'You help with bookings, changes and refunds. '.repeat(120)}`,
  );
  talk.say('user', `Hi, this is ${user}. I need help with ${reservation}.`);
  talk.use('get_user_details', { user_id: user }, { name: user });
  talk.use('get_reservation_details', { reservation_id: reservation }, { user_id: user });
  const search = { origin, destination, date: '2024-05-21' };
  talk.use('search_direct_flight', search, [{ flight_number: `HAT${300 + (index % 3)}` }]);
  talk.say('assistant', 'I found a flight. Shall I go ahead?');
  talk.say('user', 'Yes, please.');
  change(talk, index, user, reservation);
  talk.use(
    'update_reservation_flights',
    { reservation_id: reservation },
    'Error: not enough seats',
  );
  talk.say('assistant', 'Done. Anything else?');
  talk.say('user', 'No, thank you.');
  return {
    id: `task-${String(index >> 1).padStart(2, '0')}-trial-${index & 1}`,
    messages: talk.messages,
  };
}

function change(talk: Talk, index: number, user: string, reservation: string): void {
  const base = { ...madeReservation(index % 4), reservation_id: reservation };
  const id = { reservation_id: reservation };
  switch (index % 6) {
    case 0: {
      const flights = [
        { flight_number: `HAT${400 + index}`, date: '2024-05-22', price: 150 + index },
      ];
      const payment = { payment_id: `credit_card_${2000 + index}`, amount: 50 + index };
      const payments = [...base.payment_history, payment];
      const result = { ...base, flights, cabin: 'business', payment_history: payments };
      talk.use('update_reservation_flights', { ...id, cabin: 'business', flights }, result);
      break;
    }
    case 1:
      talk.use('cancel_reservation', id, { ...base, status: 'cancelled' });
      break;
    case 2: {
      const bags = { total_baggages: 1 + (index % 3), nonfree_baggages: index % 2 };
      talk.use('update_reservation_baggages', { ...id, ...bags }, { ...base, ...bags });
      break;
    }
    case 3: {
      const made = { ...base, reservation_id: 'HATHAT', user_id: user };
      talk.use('book_reservation', { user_id: user, cabin: 'economy' }, made);
      const bags = { total_baggages: 2, nonfree_baggages: 1 };
      const changed = { reservation_id: 'HATHAT', ...bags };
      talk.use('update_reservation_baggages', changed, { ...made, ...bags });
      break;
    }
    case 4: {
      const passengers = [passenger(index + 1)];
      talk.use('update_reservation_passengers', { ...id, passengers }, { ...base, passengers });
      break;
    }
    default:
      talk.use('send_certificate', { user_id: user, amount: 100 }, 'Certificate added.');
  }
}

class Talk {
  readonly messages: Message[] = [];
  readonly #index: number;
  #calls = 0;

  constructor(index: number) {
    this.#index = index;
  }

  say(role: Message['role'], content: string): void {
    this.messages.push({ role, content });
  }

  /** A call of a tool and its answer, two messages. */
  use(name: string, args: object, answer: unknown): void {
    this.#calls += 1;
    const id = `call_${this.#index}_${this.#calls}`;
    const call: ToolCall = { id, function: { name, arguments: JSON.stringify(args) } };
    this.messages.push({ role: 'assistant', content: null, tool_calls: [call] });
    const content = typeof answer === 'string' ? answer : JSON.stringify(answer);
    this.messages.push({ role: 'tool', tool_call_id: id, name, content });
  }
}
