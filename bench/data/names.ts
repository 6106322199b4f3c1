/** What people and groups are called. The lengths have no common factor, so that pairs rarely repeat. */
export const firstNames =
  `Anna Ben Clara David Elif Felix Giulia Hugo Ines Jakob Katarzyna Leon Maja Noah Olga Paul Rosa Samuel Tereza
  Umut Vera Willem Xenia Yusuf Zoë Aleksander Beatriz Çağla Dimitri Émilie Farid Greta Håkon Iris Jürgen Klára
  Luís Mónica Nele Oskar Priya Quentin Renée Søren Tomáš Ulrike Viktor Wanda Ximena Yara Zlatan André Björn
  Chiara Dorota Eero Fatma Gaël Hanna Ivan Jana`.split(/\s+/)

export const lastNames =
  `Schmidt Nowak Rossi García Müller Novák Jensen Dubois Silva Papadopoulos Kowalska Weber Andersson O'Brien
  Yılmaz Horváth Ivanov Virtanen Bakker Moreau Fernández Lindqvist Krüger Popescu Kaya Hansen Bianchi Santos
  Wójcik Schneider Petrov Nieminen Vries Laurent Martínez Eriksson Jäger Ionescu Demir Larsen Ferrari Costa
  Kamiński Fischer Sokolov Laine Visser Girard López Nilsson König Stan Şahin Olsen Romano Pereira Zieliński
  Becker Morozov Heikkinen Smit Faure Sánchez Karlsson Groß Radu Çelik Nygård Conti`.split(/\s+/)

export const departments = [
  'Sales',
  'Finance',
  'Logistics',
  'Support',
  'Engineering',
  'Legal',
  'People',
  'Purchasing',
]
