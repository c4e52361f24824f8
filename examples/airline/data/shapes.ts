/** The shapes of the airline's data, as the recordings have them. */

export interface Passenger {
  readonly first_name: string;
  readonly last_name: string;
  readonly dob: string;
}

export interface Flight {
  readonly flight_number: string;
  readonly date: string;
  readonly origin?: string | undefined;
  readonly destination?: string | undefined;
  readonly price?: number | undefined;
}

export interface Payment {
  readonly payment_id: string;
  readonly amount: number;
}

export interface User {
  readonly name: { readonly first_name: string; readonly last_name: string };
  readonly membership: string;
  readonly reservations: readonly string[];
  readonly payment_methods: Readonly<Record<string, unknown>>;
  /** Reservations that conversations made, by key; added by operations. */
  readonly booked?: Readonly<Record<string, string>> | undefined;
}

export interface Reservation {
  readonly reservation_id: string;
  readonly user_id: string;
  readonly cabin: string;
  readonly flights: readonly Flight[];
  readonly passengers: readonly Passenger[];
  readonly payment_history: readonly Payment[];
  readonly total_baggages: number;
  readonly nonfree_baggages: number;
  readonly status?: string | undefined;
  /** What conversations did to it, oldest conversation first; see `replay/effects.ts`. */
  readonly history?: readonly AppliedEffect[] | undefined;
}

/** The part of a reservation that one tool call replaces, and the call's place in the recording. */
export interface AppliedEffect {
  readonly by: string;
  readonly tool: string;
  readonly fields: Partial<Reservation>;
}

export interface ToolCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | null;
  readonly tool_calls?: readonly ToolCall[] | null | undefined;
  readonly tool_call_id?: string | undefined;
  readonly name?: string | undefined;
}

export interface Conversation {
  /** `task-03-trial-1`: sorts like the recording. */
  readonly id: string;
  readonly messages: readonly Message[];
}

export interface Dataset {
  /** Where it comes from, for the summary and to refuse mixing two in one store. */
  readonly name: string;
  readonly users: readonly (readonly [string, User])[];
  readonly reservations: readonly (readonly [string, Reservation])[];
  readonly conversations: readonly Conversation[];
}
